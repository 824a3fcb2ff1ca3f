import avro, { type Schema } from 'avsc';
import type { ReaderProblem } from './reader-problem.js';

/** Avro's own schema resolution decides: avsc builds a resolver, or says why there is none. */
export function avroReaderProblems(writer: object, reader: object): readonly ReaderProblem[] {
  const readerType = avro.Type.forSchema(reader as Schema);
  const writerType = avro.Type.forSchema(writer as Schema);
  try {
    readerType.createResolver(writerType);
  } catch (cause) {
    return [{ pointer: '', problem: (cause as Error).message }];
  }
  return [];
}
