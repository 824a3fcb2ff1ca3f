import { type apis, ErrorCodes, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import { CONFIG_TYPES, TOPIC_CONFIGS } from '../topics/config-definitions.js';
import { CONFIG_SOURCES, type EffectiveConfig } from '../topics/topic-config.js';
import type { BrokerServices } from './services.js';

type Request = RequestOf<typeof apis.DescribeConfigs>;
type Answer = ResponseDraftOf<typeof apis.DescribeConfigs>;
type Resource = Request['resources'][number];
type ResourceAnswer = Answer['results'][number];

const TOPIC = 2;
const BROKER = 4;

/** DescribeConfigs: the settings of topics, with defaults; brokers have none that clients could see. */
export function describeConfigs(services: BrokerServices, request: Request): Answer {
  return { results: request.resources.map((resource) => describe(services, resource, request.includeSynonyms)) };
}

function describe(services: BrokerServices, resource: Resource, includeSynonyms: boolean): ResourceAnswer {
  const { resourceType, resourceName } = resource;
  const failed = (errorCode: number, errorMessage: string): ResourceAnswer => {
    return { errorCode, errorMessage, resourceType, resourceName, configs: [] };
  };
  if (resourceType === BROKER) return { ...failed(ErrorCodes.NONE, ''), errorMessage: null };
  if (resourceType !== TOPIC) return failed(ErrorCodes.INVALID_REQUEST, `resource type ${resourceType} is not served`);
  const topic = services.topics.byName(resourceName);
  if (topic === undefined) return failed(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION, 'there is no such topic');
  const configs = topic.config.effective(resource.configurationKeys).map((each) => describeOne(each, includeSynonyms));
  return { errorCode: ErrorCodes.NONE, errorMessage: null, resourceType, resourceName, configs };
}

function describeOne(
  { name, value, source }: EffectiveConfig,
  withSynonyms: boolean,
): ResourceAnswer['configs'][number] {
  const definition = TOPIC_CONFIGS[name];
  const standard = { name, value: definition?.default ?? null, source: CONFIG_SOURCES.default };
  const own = source === CONFIG_SOURCES.default ? [] : [{ name, value, source }];
  return {
    name,
    value,
    readOnly: false,
    configSource: source,
    isSensitive: false,
    synonyms: withSynonyms ? [...own, standard] : [],
    configType: definition === undefined ? 0 : CONFIG_TYPES[definition.type],
    documentation: null,
  };
}
