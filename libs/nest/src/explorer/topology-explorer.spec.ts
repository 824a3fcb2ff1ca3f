import { describe, expect, it } from '@jest/globals';
import { json, keyValueStore, topic, utf8, type ProcessorContext, type StreamRecord } from '@millrace/streams';
import type { TopologyBuilder } from '@millrace/streams';
import { TopologyTestDriver } from '@millrace/streams/testing';
import { Injectable, Module, Scope, type ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { OnRecord, Punctuate, StreamProcessor } from '../decorators/stream-processor.decorator.js';
import { StreamTopology } from '../decorators/stream-topology.decorator.js';
import type { TopologyDefinition } from '../decorators/topology-definition.js';
import { StreamsTestingModule } from '../testing/streams-testing.module.js';
import { TopologyExplorer, type DefinedTopology } from './topology-explorer.js';

const readings = topic('readings', utf8, json<number>());
const alarms = topic('alarms', utf8, json<number>());

interface Explored {
  readonly defined: readonly DefinedTopology[];
  readonly problems: readonly string[];
}

async function explore(metadata: ModuleMetadata): Promise<Explored> {
  const { imports = [], ...rest } = metadata;
  const context = await Test.createTestingModule({ ...rest, imports: [StreamsTestingModule, ...imports] }).compile();
  const problems: string[] = [];
  return { defined: context.get(TopologyExplorer, { strict: false }).build(problems), problems };
}

@Injectable()
class Limits {
  readonly most = 10;
}

const highestStore = keyValueStore('highest', { key: utf8, value: json<number>() });

@StreamProcessor({ stores: [highestStore] })
class Watch {
  constructor(private readonly limits: Limits) {}

  @OnRecord()
  watch({ key, value }: StreamRecord<string, number>, context: ProcessorContext<string, number>): void {
    const highest = context.store(highestStore);
    if (value > Math.max(this.limits.most, highest.get(key) ?? 0)) highest.put(key, value);
  }

  @Punctuate({ every: '1m' })
  report(_timeMs: number, context: ProcessorContext<string, number>): void {
    const highest = context.store(highestStore).get('boiler');
    if (highest !== undefined) void context.forward('boiler', highest);
  }
}

@StreamTopology({ name: 'watching' })
class Watching implements TopologyDefinition {
  define(t: TopologyBuilder): void {
    t.stream('readings', readings).process('watch', Watch).to('alarms', alarms);
  }
}

@StreamTopology({ name: 'copying', app: 'second' })
class Copying implements TopologyDefinition {
  define(t: TopologyBuilder): void {
    t.stream('readings', readings).to('alarms', alarms);
  }
}

describe('TopologyExplorer', () => {
  it('finds the topologies of all modules, each with the application that runs it', async () => {
    @Module({ providers: [Copying] })
    class CopyingModule {}

    const { defined, problems } = await explore({ imports: [CopyingModule], providers: [Watching, Watch, Limits] });

    expect(problems).toEqual([]);
    expect(defined.map(({ type, app, topology }) => [type, app, topology.name]).sort()).toEqual([
      [Copying, 'second', 'copying'],
      [Watching, 'default', 'watching'],
    ]);
  });

  it('builds a class once that several modules provide', async () => {
    @Module({ providers: [Copying] })
    class OneModule {}

    @Module({ providers: [Copying] })
    class AnotherModule {}

    const { defined } = await explore({ imports: [OneModule, AnotherModule] });

    expect(defined).toHaveLength(1);
  });

  it('leaves providers alone that carry no decorator', async () => {
    @Injectable()
    class Undecorated implements TopologyDefinition {
      define(): void {
        throw new Error('was called');
      }
    }

    await expect(explore({ providers: [Undecorated] })).resolves.toEqual({ defined: [], problems: [] });
  });

  it('lets @OnRecord() and @Punctuate() methods run on the provider, with its stores and what is injected into it', async () => {
    const { defined } = await explore({ providers: [Watching, Watch, Limits] });
    const driver = new TopologyTestDriver((defined[0] as DefinedTopology).topology);

    await driver.input(readings).pipe('boiler', 9, { timestampMs: 0 });
    await driver.input(readings).pipe('boiler', 12, { timestampMs: 1_000 });
    await driver.input(readings).pipe('boiler', 11, { timestampMs: 60_000 });

    expect(driver.output(alarms).readValues()).toEqual([12]);
  });

  it('tells all problems of all topologies at once, each with the topology and class it is in', async () => {
    @StreamTopology({ name: 'twice' })
    class Twice implements TopologyDefinition {
      define(t: TopologyBuilder): void {
        t.stream('readings', readings)
          .filter('same', () => true)
          .filter('same', () => true)
          .to('bad name', alarms);
      }
    }

    @StreamTopology({ name: 'throws' })
    class Throws implements TopologyDefinition {
      define(): void {
        throw new TypeError('a defect');
      }
    }

    @StreamTopology({ name: 'empty' })
    class NoDefine {}

    const { defined, problems } = await explore({ providers: [Twice, Throws, NoDefine, Copying] });

    expect(defined.map(({ topology }) => topology.name)).toEqual(['copying']);
    expect(problems).toEqual([
      expect.stringMatching(/^topology 'twice' \(Twice\): .*'same' is used twice/),
      expect.stringMatching(/^topology 'twice' \(Twice\): .*'bad name' cannot be the name/),
      expect.stringMatching(/^topology 'throws' \(Throws\): .*a defect/),
      'NoDefine is decorated with @StreamTopology() but has no method define(t)',
    ]);
  });

  it('says which processor a topology uses that no module provides', async () => {
    const { problems } = await explore({ providers: [Watching] });

    expect(problems).toContain('processor Watch is used but not provided: list it among the providers of a module');
  });

  it('refuses a topology that is transient, or that injects something request-scoped', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {}

    @StreamTopology({ name: 'of-a-request' })
    class OfARequest extends Copying {
      constructor(readonly request: PerRequest) {
        super();
      }
    }

    @Injectable({ scope: Scope.TRANSIENT })
    @StreamTopology({ name: 'many' })
    class Many extends Copying {}

    const { defined, problems } = await explore({ providers: [OfARequest, PerRequest, Many] });

    expect(defined).toEqual([]);
    expect([...problems].sort()).toEqual([
      expect.stringMatching(/^Many must be a singleton/),
      expect.stringMatching(/^OfARequest must be a singleton/),
    ]);
  });

  it('takes a topology that injects something transient: it has an instance of its own', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    class Own {}

    @StreamTopology({ name: 'owning' })
    class Owning extends Copying {
      constructor(readonly own: Own) {
        super();
      }
    }

    const { defined, problems } = await explore({ providers: [Owning, Own] });

    expect(problems).toEqual([]);
    expect(defined.map(({ topology }) => topology.name)).toEqual(['owning']);
  });
});
