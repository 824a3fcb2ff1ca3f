/** What a container of the project is and does. */
export interface ContainerState {
  readonly id: string;
  readonly service: string;
  /** As the engine says it: `running`, `exited`, … */
  readonly status: string;
  /** `healthy`, `unhealthy`, `starting`, or `none`. */
  readonly health: string;
  /** It is healthy, or it was to end and has ended well. */
  readonly isReady: boolean;
}

/** Undefined where there is neither `docker compose` nor docker-compose. */
export function composeCommand(): string[] | undefined;

export class ComposeProject {
  readonly name: string;
  constructor(name: string, command: readonly string[], variables: Readonly<Record<string, string>>);
  up(): Promise<ContainerState[]>;
  down(): Promise<void>;
  /** What a `down` should have removed. */
  leftovers(): Promise<string[]>;
  states(): Promise<ContainerState[]>;
}
