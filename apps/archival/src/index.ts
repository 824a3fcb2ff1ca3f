export { ARCHIVAL_APP, ArchivalModule, archivalPolicies, type ArchivalModuleOptions } from './archival.module.js';
export { readArchivalConfig, type ArchivalConfig } from './config/archival-config.js';
export { FLIGHTS_PREFIX } from './sinks/flight-archive.js';
export { OBJECT_STORE } from './tokens.js';
