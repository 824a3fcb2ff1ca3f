import { type apis, ErrorCodes, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import type { BrokerServices } from './services.js';

const TYPE = 'classic';

/** ListGroups: all groups, or those in some states or of some types. */
export function listGroups(
  services: BrokerServices,
  request: RequestOf<typeof apis.ListGroups>,
): ResponseDraftOf<typeof apis.ListGroups> {
  const matches = (wanted: readonly string[], value: string): boolean =>
    wanted.length === 0 || wanted.some((each) => each.toLowerCase() === value.toLowerCase());
  return {
    errorCode: ErrorCodes.NONE,
    groups: services.groups
      .all()
      .filter((group) => matches(request.statesFilter, group.state) && matches(request.typesFilter, TYPE))
      .map((group) => ({
        groupId: group.id,
        protocolType: group.protocolType ?? '',
        groupState: group.state,
        groupType: TYPE,
      })),
  };
}
