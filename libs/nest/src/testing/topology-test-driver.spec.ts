import { describe, expect, it } from '@jest/globals';
import {
  json,
  keyValueStore,
  topic,
  utf8,
  type ProcessorContext,
  type StreamRecord,
  type TopologyBuilder,
} from '@millrace/streams';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { OnRecord, StreamProcessor } from '../decorators/stream-processor.decorator.js';
import { StreamTopology } from '../decorators/stream-topology.decorator.js';
import type { TopologyDefinition } from '../decorators/topology-definition.js';
import { StreamsTestingModule } from './streams-testing.module.js';
import { moduleTopologies, topologyTestDriver } from './topology-test-driver.js';

const words = topic('words', utf8, utf8);
const seen = topic('seen', utf8, json<string>());

@Injectable()
class Greeting {
  readonly text: string = 'hello';
}

const lastStore = keyValueStore('last', { key: utf8, value: utf8 });

@StreamProcessor({ stores: [lastStore] })
class Greeter {
  constructor(private readonly greeting: Greeting) {}

  @OnRecord()
  greet({ key, value }: StreamRecord<string, string>, context: ProcessorContext<string, string>): void {
    const last = context.store(lastStore);
    void context.forward(key, `${this.greeting.text} ${value}, after ${last.get(key) ?? 'nobody'}`);
    last.put(key, value);
  }
}

@StreamTopology({ name: 'greetings' })
class Greetings implements TopologyDefinition {
  define(t: TopologyBuilder): void {
    t.stream('words', words).process('greet', Greeter).to('seen', seen);
  }
}

function testing(): ReturnType<typeof Test.createTestingModule> {
  return Test.createTestingModule({ imports: [StreamsTestingModule], providers: [Greetings, Greeter, Greeting] });
}

describe('topologyTestDriver', () => {
  it('runs a topology with processors and their dependencies from the container', async () => {
    const module: TestingModule = await testing().overrideProvider(Greeting).useValue({ text: 'hi' }).compile();
    const driver = topologyTestDriver(module, Greetings);

    await driver.input(words).pipe('k', 'ada');
    await driver.input(words).pipe('k', 'bob');

    expect(driver.output(seen).readValues()).toEqual(['hi ada, after nobody', 'hi bob, after ada']);
  });

  it('finds a topology by its name, and says which there are', async () => {
    const module = await testing().compile();

    expect(topologyTestDriver(module, 'greetings')).toBeDefined();
    expect(() => topologyTestDriver(module, 'greeting')).toThrow(/no topology 'greeting'; there are: 'greetings'/);
    expect([...moduleTopologies(module).keys()]).toEqual(['greetings']);
  });

  it('reports what is wrong with the topologies of the module', async () => {
    const module = await Test.createTestingModule({
      imports: [StreamsTestingModule],
      providers: [Greetings, Greeting],
    }).compile();

    expect(() => moduleTopologies(module)).toThrow(/Greeter is used but not provided/);
  });
});
