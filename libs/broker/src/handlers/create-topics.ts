import { type apis, ErrorCodes, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import { orWhenStorageFails } from '../storage/storage-failures.js';
import { CONFIG_SOURCES, configProblem, type TopicConfig } from '../topics/topic-config.js';
import { collisionKey, topicNameProblem } from '../topics/topic-name.js';
import type { Topic } from '../topics/topic-catalog.js';
import type { BrokerServices } from './services.js';

type Request = RequestOf<typeof apis.CreateTopics>;
type Answer = ResponseDraftOf<typeof apis.CreateTopics>;
type Wanted = Request['topics'][number];
type TopicAnswer = Answer['topics'][number];

interface Refusal {
  readonly errorCode: number;
  readonly errorMessage: string;
}

/** CreateTopics: each topic is created or refused by itself. */
export function createTopics(services: BrokerServices, request: Request): Answer {
  const names = request.topics.map((topic) => topic.name);
  return {
    topics: request.topics.map((wanted) => {
      const isRepeated = names.indexOf(wanted.name) !== names.lastIndexOf(wanted.name);
      const refusal = isRepeated
        ? { errorCode: ErrorCodes.INVALID_REQUEST, errorMessage: 'the request names the topic more than once' }
        : problemOf(services, wanted);
      if (refusal !== undefined) return { name: wanted.name, ...refusal };
      return create(services, wanted, request.validateOnly);
    }),
  };
}

function problemOf(services: BrokerServices, wanted: Wanted): Refusal | undefined {
  const { name } = wanted;
  const nameProblem = topicNameProblem(name);
  if (nameProblem !== undefined) return { errorCode: ErrorCodes.INVALID_TOPIC_EXCEPTION, errorMessage: nameProblem };
  if (services.topics.byName(name) !== undefined) {
    return { errorCode: ErrorCodes.TOPIC_ALREADY_EXISTS, errorMessage: `Topic '${name}' already exists.` };
  }
  const collision = services.topics.all().find((topic) => collisionKey(topic.name) === collisionKey(name));
  if (collision !== undefined) {
    const errorMessage = `Topic '${name}' collides with existing topic: ${collision.name}`;
    return { errorCode: ErrorCodes.INVALID_TOPIC_EXCEPTION, errorMessage };
  }
  return layoutProblem(services, wanted) ?? configsProblem(wanted);
}

function layoutProblem(services: BrokerServices, wanted: Wanted): Refusal | undefined {
  const { numPartitions, replicationFactor, assignments } = wanted;
  if (assignments.length > 0) {
    if (numPartitions !== -1 || replicationFactor !== -1) {
      const errorMessage = 'a topic with assigned replicas must leave partitions and replication factor at -1';
      return { errorCode: ErrorCodes.INVALID_REQUEST, errorMessage };
    }
    const isInOrder = assignments.every(({ partitionIndex }) => partitionIndex < assignments.length);
    const isHere = assignments.every(({ brokerIds }) => brokerIds.length === 1 && brokerIds[0] === services.nodeId);
    const errorMessage = `partitions must be numbered from 0 and assigned to broker ${services.nodeId} alone`;
    return isInOrder && isHere ? undefined : { errorCode: ErrorCodes.INVALID_REPLICA_ASSIGNMENT, errorMessage };
  }
  if (replicationFactor !== -1 && replicationFactor !== 1) {
    const errorMessage = `the replication factor is ${replicationFactor}, but there is one broker; use 1 or -1`;
    return { errorCode: ErrorCodes.INVALID_REPLICATION_FACTOR, errorMessage };
  }
  if (numPartitions !== -1 && numPartitions < 1) {
    return { errorCode: ErrorCodes.INVALID_PARTITIONS, errorMessage: 'a topic needs at least one partition' };
  }
  return undefined;
}

function configsProblem({ configs }: Wanted): Refusal | undefined {
  for (const { name, value } of configs) {
    const problem = value === null ? `Null value not supported for topic configs: ${name}` : configProblem(name, value);
    if (problem !== undefined) return { errorCode: ErrorCodes.INVALID_CONFIG, errorMessage: problem };
  }
  return undefined;
}

function create(services: BrokerServices, wanted: Wanted, validateOnly: boolean): TopicAnswer {
  const { name, assignments } = wanted;
  const asked = assignments.length > 0 ? assignments.length : wanted.numPartitions;
  const partitions = asked === -1 ? services.defaultPartitions : asked;
  const configs = Object.fromEntries(wanted.configs.map((each) => [each.name, each.value as string]));
  if (validateOnly) return created(name, partitions, services.topics.configFor(configs), undefined);
  return orWhenStorageFails<TopicAnswer>(
    () => {
      const topic = services.topics.create(name, partitions, configs);
      return created(name, partitions, topic.config, topic);
    },
    () => ({
      name,
      errorCode: ErrorCodes.KAFKA_STORAGE_ERROR,
      errorMessage: 'the topic could not be written to the state directory',
    }),
  );
}

function created(name: string, numPartitions: number, config: TopicConfig, topic: Topic | undefined): TopicAnswer {
  return {
    name,
    ...(topic === undefined ? {} : { topicId: topic.id }),
    errorCode: ErrorCodes.NONE,
    errorMessage: null,
    numPartitions,
    replicationFactor: 1,
    configs: config.effective(null).map(({ name: key, value, source }) => ({
      name: key,
      value,
      readOnly: source === CONFIG_SOURCES.staticBroker,
      configSource: source,
      isSensitive: false,
    })),
  };
}
