import { describe, expect, it } from '@jest/globals';
import { topics } from '@millrace/schemas';
import { CsvTable } from './csv-table.js';
import { Departures } from './departures.js';
import { Observations } from './observations.js';
import { aircraftOf, airportOf, carrierOf } from './reference-tables.js';

function csv(...lines: string[]): CsvTable {
  return CsvTable.parse('test.csv', Buffer.from(lines.join('\n')));
}

const flights = csv(
  'year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,carrier,flight,tailnum,origin,dest,air_time,distance,hour,minute,time_hour',
  '2013,1,1,557,600,-3,838,846,-8,B6,79,N593JB,JFK,MCO,140,944,6,0,2013-01-01T11:00:00Z',
  '2013,1,1,NA,1630,NA,NA,1815,NA,EV,4308,NA,EWR,RDU,NA,416,16,30,2013-01-01T21:00:00Z',
);

describe('departures', () => {
  const departures = new Departures(flights);

  it('arrive when the aircraft left, cancelled ones at the scheduled time', () => {
    const minutes = [...departures.arrivalMinutes()].map((minute) => new Date(minute * 60_000).toISOString());
    expect(minutes).toEqual(['2013-01-01T10:57:00.000Z', '2013-01-01T21:30:00.000Z']);
  });

  it('become events that keep their contract, with null for NA', () => {
    expect(departures.event(0)).toEqual({
      version: 1,
      carrier: 'B6',
      flight: 79,
      tailNumber: 'N593JB',
      origin: 'JFK',
      dest: 'MCO',
      scheduledAt: '2013-01-01T11:00:00Z',
      timeHour: '2013-01-01T11:00:00Z',
      minute: 0,
      departed: true,
      departureDelayMinutes: -3,
      arrivalDelayMinutes: -8,
      airTimeMinutes: 140,
      distanceMiles: 944,
    });
    expect(departures.event(1)).toMatchObject({
      scheduledAt: '2013-01-01T21:30:00Z',
      tailNumber: null,
      departed: false,
      departureDelayMinutes: null,
    });
    expect([0, 1].flatMap((row) => topics.departures.validate(departures.event(row)))).toEqual([]);
  });

  it('are refused where the data has a text for a number', () => {
    const wrong = new Departures(
      csv(
        'carrier,flight,tailnum,origin,dest,time_hour,minute,dep_time,dep_delay,arr_delay,air_time,distance',
        'B6,79,N,JFK,MCO,2013-01-01T11:00:00Z,0,1,soon,1,1,1',
      ),
    );
    expect(() => wrong.arrivalMinutes()).toThrow("'soon' in column dep_delay is not a number");
  });
});

describe('observations', () => {
  const observations = new Observations(
    csv(
      'origin,year,month,day,hour,temp,dewp,humid,wind_dir,wind_speed,wind_gust,precip,pressure,visib,time_hour',
      'EWR,2013,1,1,1,39.02,26.06,59.37,270,10.357019999999999,NA,0,1012,10,2013-01-01T06:00:00Z',
    ),
  );

  it('arrive at their hour', () => {
    expect([...observations.arrivalMinutes()]).toEqual([Date.parse('2013-01-01T06:00:00Z') / 60_000]);
  });

  it('become events that keep their contract and every digit', () => {
    const event = observations.event(0);
    expect(event).toMatchObject({ origin: 'EWR', temperatureF: 39.02, windSpeedMph: 10.357019999999999, windGustMph: null });
    expect(topics.weather.validate(event)).toEqual([]);
  });
});

describe('reference tables', () => {
  it('become records that keep their contracts', () => {
    const planes = csv(
      'tailnum,year,type,manufacturer,model,engines,seats,speed,engine',
      'N10156,NA,Fixed wing multi engine,EMBRAER,EMB-145XR,2,55,NA,Turbo-fan',
    );
    const airlines = csv('carrier,name', '9E,Endeavor Air Inc.');
    const airports = csv('faa,name,lat,lon,alt,tz,dst,tzone', '04G,Lansdowne Airport,41.13,-80.61,1044,-5,A,America/New_York');
    expect(aircraftOf(planes, 0)).toMatchObject({ tailNumber: 'N10156', yearBuilt: null, model: 'EMB-145XR', seats: 55 });
    expect(topics.aircraft.validate(aircraftOf(planes, 0))).toEqual([]);
    expect(topics.carriers.validate(carrierOf(airlines, 0))).toEqual([]);
    expect(topics.airports.validate(airportOf(airports, 0))).toEqual([]);
  });
});
