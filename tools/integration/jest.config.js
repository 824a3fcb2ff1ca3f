import { ringConfig } from '../rings/ring-config.js';

/** The integration ring: `*.int-spec.ts` of all packages against real services in containers. */
export default ringConfig('.int-spec.ts');
