/** What the command line asks for, checked and with defaults filled in. */
export interface StandaloneOptions {
  /** Exit after everything has been replayed and has reached the sinks. Default false: stay up and serve HTTP. */
  readonly once: boolean;
  /** Replay only the first so many events in order of arrival; undefined: all. Range 1 or more. */
  readonly limit: number | undefined;
  /** Folder with the CSV files. Default `data`. */
  readonly dataDir: string;
  /** Folder that survives the run; undefined: a temporary one that is removed at the end. */
  readonly stateDir: string | undefined;
  /** Where the summary is written as JSON; undefined: nowhere. */
  readonly jsonFile: string | undefined;
  /** Where the contents of the sinks are written; undefined: nowhere. Only with {@link once}. */
  readonly exportDir: string | undefined;
  /** Partitions of each topic. Default 3, range 1 to 64. */
  readonly partitions: number;
  /** Seed for a random order of arrival within each hour; undefined: the order of the data. */
  readonly shuffleSeed: number | undefined;
  /** Port of the HTTP server. 0: any free one. Default 3000. */
  readonly httpPort: PortChoice;
  /** Port of the embedded broker. 0: any free one. Default 9092. */
  readonly brokerPort: PortChoice;
  /** `host:port` of each bootstrap broker of an external cluster; empty: the embedded broker. */
  readonly brokers: readonly string[];
  /** Events a second at most; undefined: as fast as the pipeline takes them. Range above 0. */
  readonly ratePerSecond: number | undefined;
}

/** A port, and whether another free one may take its place when it is in use: only where nobody asked for it by number. */
export interface PortChoice {
  readonly port: number;
  readonly mayFallBack: boolean;
}

/** Defaults of the command line, also shown by `--help`. */
export const DEFAULTS = { dataDir: 'data', partitions: 3, httpPort: 3000, brokerPort: 9092 } as const;

/** The most partitions that `--partitions` takes. */
export const MAX_PARTITIONS = 64;
