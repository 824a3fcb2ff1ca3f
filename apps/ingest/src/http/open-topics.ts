import { HttpException, HttpStatus } from '@nestjs/common';
import { topics, type Contract } from '@millrace/schemas';

/** The topics that take events from outside; the others are written by the pipeline itself. */
const OPEN_TOPICS: ReadonlyMap<string, Contract<unknown, unknown>> = new Map(
  [topics.departures, topics.weather, topics.aircraft, topics.carriers, topics.airports].map((contract) => [
    contract.name,
    contract as Contract<unknown, unknown>,
  ]),
);

/** The contract of a topic that takes events from outside. @throws {HttpException} 404 that names those that do. */
export function openTopic(name: string): Contract<unknown, unknown> {
  const contract = OPEN_TOPICS.get(name);
  if (contract !== undefined) return contract;
  throw new HttpException(
    {
      statusCode: HttpStatus.NOT_FOUND,
      message: `No such topic. These take events: ${[...OPEN_TOPICS.keys()].join(', ')}.`,
    },
    HttpStatus.NOT_FOUND,
  );
}
