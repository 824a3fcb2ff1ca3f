export { api } from './api.js';
export { arrayOf, listOf, nullableStruct, struct } from './composites.js';
export { bool, bytes, int16, int32, int64, int8, uint16, records, string, uuid } from './scalars.js';
