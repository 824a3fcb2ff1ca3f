import type { Api } from '@millrace/protocol';

/** An API as a client uses it: it encodes requests, where fields with defaults may be left out, and decodes responses. */
export type ClientApi<Draft, Res> = Api<unknown, Res, Draft, never>;
