import { topics } from '@millrace/schemas';
import { CsvTable } from '../data/csv-table.js';
import { unpacked, type DataFiles, type TableName } from '../data/data-directory.js';
import { Departures } from '../data/departures.js';
import { parseFaultyRecords } from '../data/faulty-records.js';
import { Observations } from '../data/observations.js';
import { aircraftOf, airportOf, carrierOf } from '../data/reference-tables.js';
import { arrivalOrder, type ArrivalOrderOptions } from './arrival-order.js';
import { ReplayPlan, type ReplaySegment } from './replay-plan.js';

/**
 * Unpacks and indexes the data and puts the events in their order. Events themselves are made when they are published.
 *
 * @throws {RunFailure} with the exit code for unreadable data.
 */
export async function loadPlan(files: DataFiles, options: ArrivalOrderOptions): Promise<ReplayPlan> {
  const table = async (name: TableName): Promise<CsvTable> =>
    CsvTable.parse(files.tables[name].path, await unpacked(files.tables[name]));
  const [flights, weather, planes, airlines, airports] = await Promise.all([
    table('flights'),
    table('weather'),
    table('planes'),
    table('airlines'),
    table('airports'),
  ]);
  return new ReplayPlan({
    reference: [
      rows(topics.aircraft.name, planes, aircraftOf),
      rows(topics.carriers.name, airlines, carrierOf),
      rows(topics.airports.name, airports, airportOf),
    ],
    faulty: faultyRecords(files),
    events: events(new Observations(weather), new Departures(flights), options),
  });
}

function rows(topic: string, table: CsvTable, read: (table: CsvTable, row: number) => object): ReplaySegment {
  return { count: table.rowCount, publish: (row, output) => output.event(topic, read(table, row)) };
}

function faultyRecords(files: DataFiles): ReplaySegment {
  const records = parseFaultyRecords(files.faultyRecords);
  return {
    count: records.length,
    publish: (index, output) => {
      const record = records[index];
      if (record !== undefined) output.raw(record);
    },
  };
}

function events(observations: Observations, departures: Departures, options: ArrivalOrderOptions): ReplaySegment {
  const order = arrivalOrder(
    { observationMinutes: observations.arrivalMinutes(), departureMinutes: departures.arrivalMinutes() },
    options,
  );
  return {
    count: order.length,
    publish: (index, output) => {
      const event = order[index] as number;
      if (event < observations.count) output.event(topics.weather.name, observations.event(event));
      else output.event(topics.departures.name, departures.event(event - observations.count));
    },
  };
}
