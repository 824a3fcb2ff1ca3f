import { ringConfig } from '../rings/ring-config.js';

/** The chaos ring: `*.chaos-spec.ts` of all packages, real services in containers that fail. */
export default ringConfig('.chaos-spec.ts');
