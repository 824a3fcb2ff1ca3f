import { ringConfig } from '../rings/ring-config.js';

/** The contract suites against Apache Kafka: `*.kafka-spec.ts` of all packages. */
export default ringConfig('.kafka-spec.ts', 180_000);
