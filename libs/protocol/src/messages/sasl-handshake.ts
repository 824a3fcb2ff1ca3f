import { api, int16, listOf, string } from '../schema/index.js';

/** Chooses a SASL mechanism. Version 1 wraps what follows in SaslAuthenticate. */
export const SaslHandshake = api({
  key: 17,
  name: 'SaslHandshake',
  versions: '0-1',
  request: { mechanism: string() },
  response: { errorCode: int16(), mechanisms: listOf(string()) },
});
