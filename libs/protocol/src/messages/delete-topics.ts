import { api, arrayOf, int16, int32, listOf, string, uuid } from '../schema/index.js';

/** Deletes topics: by name up to version 5, by name or id from 6 on. */
export const DeleteTopics = api({
  key: 20,
  name: 'DeleteTopics',
  versions: '1-6',
  flexibleFrom: 4,
  request: {
    topics: arrayOf(
      { name: string({ nullable: '6+', default: null }), topicId: uuid({ versions: '6+' }) },
      { versions: '6+' },
    ),
    topicNames: listOf(string(), { versions: '0-5', ignorable: true }),
    timeoutMs: int32(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    responses: arrayOf({
      name: string({ nullable: '6+' }),
      topicId: uuid({ versions: '6+', ignorable: true }),
      errorCode: int16(),
      errorMessage: string({ versions: '5+', nullable: '5+', default: null, ignorable: true }),
    }),
  },
});
