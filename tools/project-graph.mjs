/**
 * Works out which project imports which. The layering rule reads it from Nx's cache and says nothing where there is none, as in
 * a new clone; so whoever lints calls this first.
 */
import { createProjectGraphAsync } from '@nx/devkit';

process.env['NX_DAEMON'] = 'false';
await createProjectGraphAsync({ exitOnError: true });
