import { Admin, Fetcher, GroupMember, Producer, type Cluster, type GroupMembership } from '@millrace/client';
import { describeError, isMillraceError, type Clock, type Timer } from '@millrace/kernel';
import { StoreSet, StreamTask, type Topology } from '@millrace/streams';
import { encodeMemberData } from '../assignment/member-data.js';
import { decodeMemberShare } from '../assignment/member-share.js';
import { TaskAssignor } from '../assignment/task-assignor.js';
import { layOutTasks, tasksGiven, type TaskPlacement, type TopicPartition } from '../assignment/task-layout.js';
import { Backoff } from '../backoff/backoff.js';
import { runtimeChannels, type ThreadPlace } from '../diagnostics/channels.js';
import type { GlobalTables } from '../global/global-tables.js';
import { AtLeastOnceOutput } from '../output/at-least-once-output.js';
import type { Output } from '../output/output.js';
import { TransactionalOutput } from '../output/transactional-output.js';
import type { GroupDirectory } from '../query/group-directory.js';
import { TaskStart } from '../restore/task-start.js';
import { StandbyTasks } from '../standby/standby-tasks.js';
import { ActiveTask } from '../thread/active-task.js';
import { askHighWatermarks, type AskEnds } from '../thread/end-confirmation.js';
import { RebalanceMailbox } from '../thread/rebalance-mailbox.js';
import { TaskRestarts } from '../thread/task-restarts.js';
import { StreamThread } from '../thread/stream-thread.js';
import { ThreadStateMachine } from '../thread/thread-state.js';
import { WakeUp } from '../thread/wake-up.js';
import { streamsMembership } from '../membership/streams-membership.js';
import { CommittedPurge } from '../topics/committed-purge.js';
import { deadLetterTopic } from '../topics/topic-plan.js';
import { placementsAmong, type ApplicationPlan, type PlannedSubTopology } from './application-plan.js';
import { deadLetterObserver } from './dead-letter-observer.js';
import type { StreamsAppSettings } from './streams-app-options.js';
import type { TopologyPauses } from './topology-pauses.js';

/** What the threads of an application share. */
export interface ThreadSurroundings {
  readonly settings: StreamsAppSettings;
  readonly cluster: Cluster;
  readonly plan: ApplicationPlan;
  readonly globalTables: GlobalTables;
  /** Learns who has which tasks. */
  readonly directory: GroupDirectory;
  readonly pauses: TopologyPauses;
  /** Of every topic that tasks read or write. */
  readonly partitionCounts: ReadonlyMap<string, number>;
  /** Gets partitions ready that this process has not heard of, before its tasks read them. */
  readonly learn: (partitions: readonly TopicPartition[]) => Promise<void>;
}

const REBALANCE_TIMEOUT_MS = 60_000;
/** Short, so that an idle task is found to be so soon; an idle fetch costs one small request. */
const FETCH_WAIT_MS = 100;

/** One stream thread with everything that belongs to it alone: group member, fetcher and producer. */
export class ThreadHost {
  readonly thread: StreamThread;
  readonly #member: GroupMembership;
  readonly #fetcher: Fetcher;
  readonly #output: Output;
  readonly #mailbox: RebalanceMailbox;
  readonly #askEnds: AskEnds;
  /** By topology: whether its tasks can take single records back. */
  readonly #recordUndo = new Map<Topology, { isOn: boolean }>();
  readonly #standbys: StandbyTasks;
  readonly #purge: CommittedPurge;
  readonly #clock: Clock;
  readonly #index: number;
  #probe: Timer | undefined;
  #joins = 0;
  #registerDeadLetters: () => void = () => undefined;
  #deadLetters = 0;

  /**
   * @param index Tells the threads of a process apart.
   * @param failed Told of what ends the membership for good.
   */
  constructor(surroundings: ThreadSurroundings, index: number, failed: (error: Error) => void) {
    this.#index = index;
    const { settings, cluster, plan, directory } = surroundings;
    const { applicationId, processId, clock } = settings;
    const place: ThreadPlace = { applicationId, thread: `${processId}-${index}` };
    const wakeUp = new WakeUp(clock);
    const mailbox = new RebalanceMailbox(wakeUp.wake);
    this.#mailbox = mailbox;
    this.#clock = clock;
    this.#askEnds = askHighWatermarks(cluster);
    const layouts = plan.subTopologies.map(({ layout }) => layout);
    const placements = (): readonly TaskPlacement[] => layOutTasks(layouts, surroundings.partitionCounts);
    const patterns = layouts.filter(({ isMatched }) => isMatched !== undefined);
    this.#fetcher = new Fetcher(cluster, { isolation: 'read_committed', maxWaitMs: FETCH_WAIT_MS });
    const classic = (): GroupMember =>
      new GroupMember(cluster, {
        groupId: applicationId,
        topics: () => plan.sourceTopics,
        assignors: [new TaskAssignor(layouts, { ...settings, topicsKnown: (topics) => plan.matched.take(topics) })],
        sessionTimeoutMs: settings.sessionTimeoutMs,
        heartbeatIntervalMs: settings.heartbeatIntervalMs,
        rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
        ...(settings.instanceId === undefined ? {} : { instanceId: place.thread }),
        userData: () => this.#memberData(settings),
        onRejoining: () => mailbox.post({ kind: 'rejoining', partitions: [] }),
        onAssigned: async (partitions, { userData, generationId }) => {
          const share = decodeMemberShare(userData);
          directory.take(place.thread, generationId, share.directory);
          this.#probeAfter(share.probeAfterMs);
          await surroundings.learn(partitions);
          await mailbox.post({ kind: 'assigned', partitions, share });
          if (share.isRoundDue === true) this.#member.rejoin('tasks wait for being given away');
        },
        onRevoked: (partitions) => mailbox.post({ kind: 'revoked', partitions }),
        onLost: (partitions) => mailbox.post({ kind: 'lost', partitions }),
        onFailed: failed,
      });
    this.#member =
      settings.groupProtocol === 'classic'
        ? classic()
        : streamsMembership(surroundings, {
            ...{ mailbox, placements, failed, rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS },
            progress: () => this.thread.progress(),
          });
    this.#output = this.#makeOutput(surroundings, place);
    this.#standbys = new StandbyTasks({
      place,
      cluster,
      placements,
      createStores: (placement) => this.#makeStores(surroundings, placement),
      committedOffsets: (partitions) => this.#member.committedOffsets(partitions),
    });
    this.#purge = makePurge(surroundings, place);
    const starts = new TaskStart({ place, cluster, member: this.#member, clock });
    this.thread = new StreamThread({
      place,
      clock,
      states: new ThreadStateMachine((from, to) => runtimeChannels.threadState.publish({ ...place, from, to })),
      member: this.#member,
      fetcher: this.#fetcher,
      output: this.#output,
      purge: this.#purge,
      mailbox,
      wakeUp,
      backoff: new Backoff(settings.random),
      restarts: new TaskRestarts(clock, settings.random, {
        maxRestarts: settings.maxTaskRestarts,
        windowMs: settings.taskRestartWindowMs,
      }),
      isPaused: (placement) => surroundings.pauses.has(plannedOf(plan, placement).topology.name),
      placementsOf: (partitions) => [
        ...placementsAmong(placements(), partitions).filter(({ subTopology }) => subTopology.isMatched === undefined),
        ...patterns.flatMap((layout) => tasksGiven(layout, partitions)),
      ],
      createTask: (placement, stores) => this.#makeTask(surroundings, place, placement, stores),
      standbys: this.#standbys,
      startTasks: (tasks, ready, failed) => starts.start(tasks, ready, failed),
      askEnds: this.#askEnds,
      mayAdvanceIdle: settings.mayAdvanceIdle,
      commitIntervalMs: settings.commitIntervalMs,
      transactionTimeoutMs: settings.transactionTimeoutMs,
      maxBufferedBytesPerTask: settings.maxBufferedBytesPerTask,
    });
  }

  /** Records that were sent to output, repartition and changelog topics. */
  get recordsSent(): number {
    return this.#output.batches.totalRecords;
  }

  /** Records that were sent to dead-letter topics. */
  get deadLetters(): number {
    return this.#deadLetters;
  }

  /** Gets an identity for the producer and joins the group; does not wait for tasks. */
  async start(): Promise<void> {
    await this.#output.start();
    await this.#fetcher.start();
    await this.#member.start();
  }

  /** Leaves the group and disconnects; the thread has ended before, or was never run. */
  async stop(): Promise<void> {
    this.#mailbox.close();
    this.#probe?.cancel();
    this.#purge.stop();
    await this.#standbys.stop();
    await this.#member.stop();
    await this.#fetcher.stop();
    await this.#output.stop();
  }

  #makeOutput({ settings, cluster, plan, partitionCounts }: ThreadSurroundings, place: ThreadPlace): Output {
    const { applicationId, compression, transactionTimeoutMs } = settings;
    const output =
      settings.processingGuarantee === 'exactly_once'
        ? new TransactionalOutput(
            new Producer(cluster, {
              transactionalId: `${applicationId}-${place.thread}`,
              transactionTimeoutMs,
              compression,
            }),
          )
        : new AtLeastOnceOutput(new Producer(cluster, { compression }), (offsets) =>
            this.#member.commitOffsets(offsets),
          );
    const countOf = (topic: string): number => partitionCounts.get(topic) as number;
    for (const { outputs } of plan.subTopologies)
      for (const name of outputs) output.batches.register(name, countOf(name));
    const observer = deadLetterObserver(place, () => (this.#deadLetters += 1));
    this.#registerDeadLetters = () => {
      for (const topic of plan.deadLetterSources) {
        const name = deadLetterTopic(topic);
        if (partitionCounts.has(name)) output.batches.register(name, countOf(name), observer);
      }
    };
    this.#registerDeadLetters();
    return output;
  }

  /** More topics match a pattern, and are prepared. */
  topicsPrepared(): void {
    this.#registerDeadLetters();
  }

  /** The group is to assign what this member has found. */
  tellTopics(): void {
    this.#member.rejoin('more topics match');
  }

  #makeTask(
    { settings, plan, globalTables }: ThreadSurroundings,
    place: ThreadPlace,
    placement: TaskPlacement,
    stores: StoreSet | undefined,
  ): ActiveTask {
    const { topology, subTopology, idleAfterMs } = plannedOf(plan, placement);
    const recordUndo = this.#recordUndo.get(topology) ?? { isOn: false };
    this.#recordUndo.set(topology, recordUndo);
    const task = new StreamTask(topology, subTopology, {
      applicationId: settings.applicationId,
      partition: placement.partition,
      collector: this.#output.batches,
      policy: settings.policies.get(topology.name) as NonNullable<ReturnType<typeof settings.policies.get>>,
      nowMs: () => settings.clock.nowMs(),
      globalTable: (name) => globalTables.table(topology, name),
      maxTaskIdleMs: settings.maxTaskIdleMs,
      storeEngines: settings.storeEngines,
      matchedTopics: placement.partitions.map(({ topic }) => topic),
      thread: this.#index,
      random: () => settings.random.next(),
      recordUndo,
      calls: { clock: settings.clock, random: settings.random, ended: () => this.#fetcher.wake() },
      ...(stores !== undefined && { stores }),
    });
    return new ActiveTask(place, placement, task, idleAfterMs, this.#askEnds);
  }

  /** Stores that a standby fills; they write to the thread's output once a task takes them over. */
  #makeStores({ settings, plan }: ThreadSurroundings, placement: TaskPlacement): StoreSet {
    const { topology, subTopology } = plannedOf(plan, placement);
    const { applicationId } = settings;
    const { partition } = placement;
    const { storeEngines } = settings;
    const collector = this.#output.batches;
    return new StoreSet(topology, subTopology, {
      applicationId,
      partition,
      collector,
      storeEngines,
      thread: this.#index,
    });
  }

  #memberData({ processId, rack, advertisedUrl }: StreamsAppSettings): Buffer {
    this.#joins += 1;
    const progress = this.thread.progress();
    const url = advertisedUrl();
    return encodeMemberData({
      processId,
      ...(rack !== undefined && { rack }),
      ...(url !== undefined && { advertisedUrl: url }),
      progress,
      joins: this.#joins,
    });
  }

  /** Makes the group assign anew after a while, unless it does so before. */
  #probeAfter(delayMs: number | undefined): void {
    this.#probe?.cancel();
    if (delayMs === undefined) return;
    this.#probe = this.#clock.setTimer(delayMs, () => this.#member.rejoin('stores may have warmed up'), {
      unref: true,
    });
  }
}

function makePurge({ settings, cluster, plan }: ThreadSurroundings, place: ThreadPlace): CommittedPurge {
  const own = new Set(plan.internalTopics.filter(({ kind }) => kind !== 'changelog').map(({ name }) => name));
  return new CommittedPurge({
    clock: settings.clock,
    intervalMs: settings.repartitionPurgeIntervalMs,
    isOwn: (topic) => own.has(topic),
    deleteRecords: (places) => new Admin(cluster).deleteRecords(places),
    failed: (error) =>
      runtimeChannels.failed.publish({
        ...place,
        code: isMillraceError(error) ? error.code : 'unknown',
        message: `records that were read from internal topics are not deleted yet: ${describeError(error)}`,
        action: 'retry',
        delayMs: settings.repartitionPurgeIntervalMs,
        cause: error,
      }),
  });
}

function plannedOf({ subTopologies }: ApplicationPlan, { subTopology }: TaskPlacement): PlannedSubTopology {
  return subTopologies.find(({ layout }) => layout.key === subTopology.key) as PlannedSubTopology;
}
