import { apis, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import { ScriptedCluster } from './scripted-cluster.js';

export type HeartbeatRequest = RequestOf<typeof apis.StreamsGroupHeartbeat>;
export type HeartbeatResponse = ResponseDraftOf<typeof apis.StreamsGroupHeartbeat>;
type DescribedGroup = ResponseDraftOf<typeof apis.StreamsGroupDescribe>['groups'][number];

/** Partitions of sub-topology `0`. */
export const tasks = (...partitions: number[]) => (partitions.length === 0 ? [] : [{ subtopologyId: '0', partitions }]);

/** Two brokers, of which one coordinates streams groups by a script: each answer is given once, in order; then nothing changes. */
export class ScriptedCoordinator {
  readonly cluster = new ScriptedCluster({ nodes: 2, features: { 'streams.version': 1 } });
  /** What was heard, and by which node. */
  readonly heartbeats: (HeartbeatRequest & { readonly nodeId: number })[] = [];
  /** What FindCoordinator answers. */
  coordinatorId = 1;
  heartbeatIntervalMs = 5_000;
  taskOffsetIntervalMs = 0;
  lookups = 0;
  /** What the member has, as a description of the group tells: what it was answered last, or what a lost answer named. */
  has: { memberEpoch: number; activeTasks: NonNullable<HeartbeatResponse['activeTasks']> } = {
    memberEpoch: 1,
    activeTasks: [],
  };
  /** How often the group was described. */
  descriptions = 0;
  /** With what the next descriptions are refused. */
  readonly #refusals: number[] = [];
  readonly #answers: (Partial<HeartbeatResponse> | Promise<Partial<HeartbeatResponse>>)[] = [];
  #memberEpoch = 1;

  constructor() {
    this.cluster.on(apis.FindCoordinator, ({ coordinatorKeys }) => {
      this.lookups++;
      const where = { nodeId: this.coordinatorId, host: `broker-${this.coordinatorId}`, port: 9092 };
      return { coordinators: coordinatorKeys.map((key) => ({ key, ...where, errorCode: 0, errorMessage: null })) };
    });
    this.cluster.on(apis.StreamsGroupHeartbeat, (request, nodeId) => {
      this.heartbeats.push({ ...request, nodeId });
      const next = this.#answers.shift() ?? {};
      return next instanceof Promise ? next.then((answer) => this.#full(answer, request)) : this.#full(next, request);
    });
    this.cluster.on(apis.StreamsGroupDescribe, ({ groupIds }) => {
      this.descriptions++;
      return { throttleTimeMs: 0, groups: groupIds.map((groupId) => this.#described(groupId)) };
    });
  }

  get last(): HeartbeatRequest & { readonly nodeId: number } {
    return this.heartbeats.at(-1)!;
  }

  /** What the next heartbeats are answered with. Fields that are left out say that nothing has changed. */
  says(...answers: (Partial<HeartbeatResponse> | Promise<Partial<HeartbeatResponse>>)[]): void {
    this.#answers.push(...answers);
  }

  /** With which errors the next descriptions are answered. */
  refusesToDescribe(...errorCodes: number[]): void {
    this.#refusals.push(...errorCodes);
  }

  #described(groupId: string): DescribedGroup {
    const errorCode = this.#refusals.shift() ?? 0;
    const { memberEpoch, activeTasks } = this.has;
    const assignment = { activeTasks, standbyTasks: [], warmupTasks: [] };
    const member = {
      ...{ memberId: this.last.memberId, memberEpoch, clientId: 'spec', clientHost: '', topologyEpoch: 0 },
      ...{ processId: 'process-1', userEndpoint: null, clientTags: [], taskOffsets: [], taskEndOffsets: [] },
      ...{ assignment, targetAssignment: assignment, isClassic: false },
    };
    return {
      ...{ errorCode, groupId, groupState: 'Stable', groupEpoch: memberEpoch, assignmentEpoch: memberEpoch },
      ...{ topology: null, members: errorCode === 0 ? [member] : [] },
    };
  }

  #full(answer: Partial<HeartbeatResponse>, { memberId, memberEpoch }: HeartbeatRequest): HeartbeatResponse {
    this.#memberEpoch = answer.memberEpoch ?? this.#memberEpoch;
    this.has = {
      memberEpoch: answer.memberEpoch ?? this.has.memberEpoch,
      activeTasks: answer.activeTasks ?? this.has.activeTasks,
    };
    return {
      ...{ throttleTimeMs: 0, errorCode: 0, memberId, memberEpoch: memberEpoch < 0 ? memberEpoch : this.#memberEpoch },
      ...{ heartbeatIntervalMs: this.heartbeatIntervalMs, taskOffsetIntervalMs: this.taskOffsetIntervalMs },
      ...{ acceptableRecoveryLag: 0, status: null, endpointInformationEpoch: 0 },
      ...answer,
    };
  }
}
