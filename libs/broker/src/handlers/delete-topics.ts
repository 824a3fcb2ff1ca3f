import { type apis, ErrorCodes, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import { orWhenStorageFails } from '../storage/storage-failures.js';
import type { BrokerServices, RequestContext } from './services.js';

type Answer = ResponseDraftOf<typeof apis.DeleteTopics>;
type TopicAnswer = Answer['responses'][number];

/** From this version on, topics may go by id. */
const TOPIC_IDS_SINCE_VERSION = 6;

const NO_ID = '0'.repeat(32);

/** DeleteTopics: removes topics with their records and the offsets that groups committed for them. */
export function deleteTopics(
  services: BrokerServices,
  request: RequestOf<typeof apis.DeleteTopics>,
  context: RequestContext,
): Answer {
  const wanted =
    context.apiVersion >= TOPIC_IDS_SINCE_VERSION
      ? request.topics
      : request.topicNames.map((name) => ({ name, topicId: NO_ID }));
  return { responses: wanted.map(({ name, topicId }) => deleteOne(services, name, topicId)) };
}

function deleteOne(services: BrokerServices, name: string | null, topicId: string): TopicAnswer {
  const byId = topicId !== NO_ID;
  if (byId === (name !== null)) {
    return { name, topicId, errorCode: ErrorCodes.INVALID_REQUEST, errorMessage: 'give either a name or an id' };
  }
  const topic = byId ? services.topics.byId(topicId) : services.topics.byName(name ?? '');
  if (topic === undefined) {
    const errorCode = byId ? ErrorCodes.UNKNOWN_TOPIC_ID : ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION;
    return { name, topicId, errorCode, errorMessage: 'there is no such topic' };
  }
  const found = { name: topic.name, topicId: topic.id };
  return orWhenStorageFails<TopicAnswer>(
    () => {
      services.topics.delete(topic);
      return { ...found, errorCode: ErrorCodes.NONE };
    },
    () => ({ ...found, errorCode: ErrorCodes.KAFKA_STORAGE_ERROR }),
  );
}
