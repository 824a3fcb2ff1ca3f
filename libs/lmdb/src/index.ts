export { LmdbStoreEngine, type LmdbStoreEngineOptions } from './lmdb-store-engine.js';
