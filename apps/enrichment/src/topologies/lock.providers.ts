import type { Provider } from '@nestjs/common';
import { ENRICHMENT_SETTINGS, type EnrichmentSettings } from '../config/enrichment-config.js';

/** What the topologies inject when `npm run topology` describes them; settings that only tune are not in a lock file. */
export const providers: readonly Provider[] = [
  { provide: ENRICHMENT_SETTINGS, useValue: { idleAdvanceAfterMs: 1_000 } satisfies EnrichmentSettings },
];
