import { aggregate } from './aggregate.mjs';
import { enrich } from './enrich.mjs';
import { join } from './join.mjs';

export const workloads = { enrich, aggregate, join };
