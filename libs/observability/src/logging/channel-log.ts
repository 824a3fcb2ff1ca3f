import { diagnosticsChannel, SystemClock, type Clock, type Lifecycle } from '@millrace/kernel';
import type { Logger } from 'pino';
import { LOG_RULES, type LogRule } from './log-rule.js';

/** Lines that one channel may write in a second; the metrics count everything. */
const LINES_PER_SECOND = 10;
const SECOND_MS = 1_000;

/** Writes a line for each event that people should read, from `start` to `stop`; a flood of them becomes a count. */
export class ChannelLog implements Lifecycle {
  readonly #logger: Logger | undefined;
  readonly #clock: Clock;
  #unsubscribe: (() => void)[] = [];

  /** @param logger Without one nothing is subscribed. */
  constructor(logger: Logger | undefined, clock: Clock = new SystemClock()) {
    this.#logger = logger;
    this.#clock = clock;
  }

  async start(): Promise<void> {
    const logger = this.#logger;
    if (logger === undefined) return;
    this.#unsubscribe = LOG_RULES.map((rule) => {
      const budget = new LineBudget(this.#clock);
      return diagnosticsChannel(rule.channel).subscribe((event) => write(logger, rule, event, budget));
    });
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
  }
}

function write(logger: Logger, rule: LogRule, event: object, budget: LineBudget): void {
  const level = rule.levelOf(event);
  if (level === 'silent' || !logger.isLevelEnabled(level) || !budget.take()) return;
  const { cause, ...fields } = event as { readonly cause?: unknown };
  const suppressed = budget.takeSuppressed();
  logger[level](
    {
      // In a field of its own: some names of our events mean something else in ECS.
      millrace: { channel: rule.channel, ...fields, ...(suppressed === 0 ? {} : { suppressedLines: suppressed }) },
      ...(cause === undefined ? {} : { err: cause }),
    },
    rule.message,
  );
}

/** Allows some lines a second and counts those that it did not allow. */
class LineBudget {
  readonly #clock: Clock;
  #secondStartMs = -Infinity;
  #lines = 0;
  #suppressed = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  take(): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#secondStartMs >= SECOND_MS) {
      this.#secondStartMs = nowMs;
      this.#lines = 0;
    }
    this.#lines += 1;
    if (this.#lines <= LINES_PER_SECOND) return true;
    this.#suppressed += 1;
    return false;
  }

  takeSuppressed(): number {
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    return suppressed;
  }
}
