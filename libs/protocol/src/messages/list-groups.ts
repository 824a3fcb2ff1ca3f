import { api, arrayOf, int16, int32, listOf, string } from '../schema/index.js';

/** Names, states and types of all groups that a broker coordinates. */
export const ListGroups = api({
  key: 16,
  name: 'ListGroups',
  versions: '0-5',
  flexibleFrom: 3,
  request: { statesFilter: listOf(string(), { versions: '4+' }), typesFilter: listOf(string(), { versions: '5+' }) },
  response: {
    throttleTimeMs: int32({ versions: '1+', ignorable: true }),
    errorCode: int16(),
    groups: arrayOf({
      groupId: string(),
      protocolType: string(),
      groupState: string({ versions: '4+', ignorable: true }),
      groupType: string({ versions: '5+', ignorable: true }),
    }),
  },
});
