import { apis } from '@millrace/protocol';
import { addOffsetsToTxn } from './add-offsets-to-txn.js';
import { addPartitionsToTxn } from './add-partitions-to-txn.js';
import { apiVersionsHandler } from './api-versions.js';
import { createTopics } from './create-topics.js';
import { deleteRecords } from './delete-records.js';
import { deleteTopics } from './delete-topics.js';
import { describeConfigs } from './describe-configs.js';
import { describeGroups } from './describe-groups.js';
import { endTxn } from './end-txn.js';
import { fetch } from './fetch.js';
import { findCoordinator } from './find-coordinator.js';
import { heartbeat } from './heartbeat.js';
import { initProducerId } from './init-producer-id.js';
import { joinGroup } from './join-group.js';
import { leaveGroup } from './leave-group.js';
import { listGroups } from './list-groups.js';
import { listOffsets } from './list-offsets.js';
import { metadata } from './metadata.js';
import { offsetCommit } from './offset-commit.js';
import { offsetFetch } from './offset-fetch.js';
import { produce } from './produce.js';
import { route, type Route } from './route.js';
import { syncGroup } from './sync-group.js';
import { txnOffsetCommit } from './txn-offset-commit.js';

/** One version range of ApiVersions. */
export interface ServedRange {
  readonly apiKey: number;
  readonly minVersion: number;
  readonly maxVersion: number;
}

const all: readonly Route[] = [
  route(apis.AddOffsetsToTxn, addOffsetsToTxn),
  route(apis.AddPartitionsToTxn, addPartitionsToTxn),
  route(
    apis.ApiVersions,
    apiVersionsHandler(() => servedRanges),
  ),
  route(apis.CreateTopics, createTopics),
  route(apis.DeleteRecords, deleteRecords),
  route(apis.DeleteTopics, deleteTopics),
  route(apis.DescribeConfigs, describeConfigs),
  route(apis.DescribeGroups, describeGroups),
  route(apis.EndTxn, endTxn),
  route(apis.Fetch, fetch),
  route(apis.FindCoordinator, findCoordinator),
  route(apis.Heartbeat, heartbeat),
  route(apis.InitProducerId, initProducerId),
  route(apis.JoinGroup, joinGroup),
  route(apis.LeaveGroup, leaveGroup),
  route(apis.ListGroups, listGroups),
  route(apis.ListOffsets, listOffsets),
  route(apis.Metadata, metadata),
  route(apis.OffsetCommit, offsetCommit),
  route(apis.OffsetFetch, offsetFetch),
  route(apis.Produce, produce),
  route(apis.SyncGroup, syncGroup),
  route(apis.TxnOffsetCommit, txnOffsetCommit),
];

const byKey = new Map(all.map((each) => [each.api.key, each]));

/** What ApiVersions lists: every API of this broker with all versions that the protocol library declares. */
export const servedRanges: readonly ServedRange[] = all
  .map(({ api }) => ({ apiKey: api.key, minVersion: api.minVersion, maxVersion: api.maxVersion }))
  .sort((a, b) => a.apiKey - b.apiKey);

/** The route of an API, or undefined when this broker does not serve it. */
export function routeOf(apiKey: number): Route | undefined {
  return byKey.get(apiKey);
}
