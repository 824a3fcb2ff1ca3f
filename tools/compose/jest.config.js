import { ringConfig } from '../rings/ring-config.js';

/** What holds for the whole pipeline of docker/compose.yml once it is up: `*.compose-spec.ts`. */
export default { ...ringConfig('.compose-spec.ts', 600_000), roots: ['<rootDir>/tools/compose'] };
