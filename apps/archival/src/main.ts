import 'reflect-metadata';
import { PoliciesModule, runService } from '@millrace/nest';
import { ArchivalModule, archivalPolicies } from './archival.module.js';
import { readArchivalConfig } from './config/archival-config.js';

await runService(() => {
  const { brokers, instanceId, host, port, logLevel, store, maxAgeMs } = readArchivalConfig(process.env);
  const streams = { cluster: { bootstrap: brokers }, ...(instanceId === undefined ? {} : { instanceId }) };
  const imports = [
    PoliciesModule.forRoot({ policies: archivalPolicies }),
    ArchivalModule.forRoot({ streams, store, maxAgeMs }),
  ];
  return { name: 'archival', host, port, logLevel, imports };
});
