import { type apis, ErrorCodes, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import { LEADER_EPOCH } from '../partition/partition.js';
import { orWhenStorageFails } from '../storage/storage-failures.js';
import { topicNameProblem } from '../topics/topic-name.js';
import type { Topic } from '../topics/topic-catalog.js';
import type { BrokerServices, RequestContext } from './services.js';

type Answer = ResponseDraftOf<typeof apis.Metadata>;
type TopicAnswer = Answer['topics'][number];
type TopicQuestion = NonNullable<RequestOf<typeof apis.Metadata>['topics']>[number];

const NO_ID = '0'.repeat(32);

/** Metadata: this one broker leads every partition. */
export function metadata(
  services: BrokerServices,
  request: RequestOf<typeof apis.Metadata>,
  context: RequestContext,
): Answer {
  const { nodeId, clusterId } = services;
  const { host, port } = services.advertised();
  const wantsAll = request.topics === null || (context.apiVersion === 0 && request.topics.length === 0);
  const topics = wantsAll
    ? services.topics.all().map((topic) => describe(topic, nodeId))
    : (request.topics ?? []).map((question) => answerOne(services, question, request.allowAutoTopicCreation));
  return { brokers: [{ nodeId, host, port }], clusterId, controllerId: nodeId, topics };
}

function answerOne(services: BrokerServices, question: TopicQuestion, mayCreate: boolean): TopicAnswer {
  if (question.topicId !== NO_ID) {
    const topic = services.topics.byId(question.topicId);
    if (topic !== undefined) return describe(topic, services.nodeId);
    return unknown(question.name, question.topicId, ErrorCodes.UNKNOWN_TOPIC_ID);
  }
  const name = question.name ?? '';
  const topic = services.topics.byName(name);
  if (topic !== undefined) return describe(topic, services.nodeId);
  if (topicNameProblem(name) !== undefined) return unknown(name, NO_ID, ErrorCodes.INVALID_TOPIC_EXCEPTION);
  if (!services.autoCreateTopics || !mayCreate) return unknown(name, NO_ID, ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
  return orWhenStorageFails(
    () => describe(services.topics.create(name, services.defaultPartitions, {}), services.nodeId),
    () => unknown(name, NO_ID, ErrorCodes.KAFKA_STORAGE_ERROR),
  );
}

function describe(topic: Topic, nodeId: number): TopicAnswer {
  return {
    errorCode: ErrorCodes.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: false,
    partitions: topic.partitions.map(({ index }) => ({
      errorCode: ErrorCodes.NONE,
      partitionIndex: index,
      leaderId: nodeId,
      leaderEpoch: LEADER_EPOCH,
      replicaNodes: [nodeId],
      isrNodes: [nodeId],
    })),
  };
}

function unknown(name: string | null, topicId: string, errorCode: number): TopicAnswer {
  return { errorCode, name, topicId, isInternal: false, partitions: [] };
}
