import pg from 'pg';

/** A trigger notes each insert and each update of a row: an effect that comes twice is seen although the row is the same. */
const WATCH = `
  CREATE TABLE hourly_effects (number integer NOT NULL);
  CREATE FUNCTION note_hourly_effect() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO hourly_effects VALUES (NEW.departures);
      RETURN NULL;
    END $$;
  CREATE TRIGGER hourly_effect AFTER INSERT OR UPDATE ON airport_hourly
    FOR EACH ROW EXECUTE FUNCTION note_hourly_effect();
`;

/** What `airport_hourly` has been through, in a database that may come and go. */
export class HourlyEffects {
  readonly #url: () => string;

  constructor(url: () => string) {
    this.#url = url;
  }

  /** Begins to note effects. The table must be there. */
  async watch(): Promise<void> {
    await this.query(WATCH);
  }

  /** The numbers of the totals that were written, from `first` on, as often as they were. */
  async since(first: number): Promise<string[]> {
    const rows = await this.query<{ number: number }>(`SELECT number FROM hourly_effects WHERE number >= ${first}`);
    return rows.map(({ number }) => String(number));
  }

  /** How many effects there are from `first` on. */
  async countSince(first: number): Promise<number> {
    const [row] = await this.query<{ effects: number }>(
      `SELECT count(*)::int AS effects FROM hourly_effects WHERE number >= ${first}`,
    );
    return row!.effects;
  }

  /** Offset after the last record of each partition of `airport.hourly` that the sink has written. */
  async offsets(): Promise<number[]> {
    const rows = await this.query<{ next: number }>(
      `SELECT next_offset::int AS next FROM sink_offset WHERE sink = 'airport-hourly' ORDER BY partition`,
    );
    return rows.map(({ next }) => next);
  }

  /** How often the sink's partitions were taken by an owner, one after the other. */
  async owners(): Promise<number> {
    const [row] = await this.query<{ epochs: number }>(
      `SELECT sum(epoch)::int AS epochs FROM sink_offset WHERE sink = 'airport-hourly'`,
    );
    return row!.epochs;
  }

  async query<T extends object>(sql: string): Promise<T[]> {
    const client = new pg.Client({ connectionString: this.#url() });
    // A server that is killed ends the connection; the query that fails says so.
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<T>(sql)).rows;
    } finally {
      await client.end();
    }
  }
}
