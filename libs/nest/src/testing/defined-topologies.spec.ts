import { describe, expect, it } from '@jest/globals';
import { json, keyValueStore, topic, utf8, type TopologyBuilder } from '@millrace/streams';
import { Inject } from '@nestjs/common';
import { OnRecord, StreamProcessor } from '../decorators/stream-processor.decorator.js';
import { StreamTopology } from '../decorators/stream-topology.decorator.js';
import type { TopologyDefinition } from '../decorators/topology-definition.js';
import { definedTopologies, topologyClasses } from './defined-topologies.js';

const SOURCE = Symbol('source');
const orders = topic('orders', utf8, json<number>());

@StreamProcessor({ stores: [keyValueStore('seen', { key: utf8, value: utf8 })] })
class Handler {
  constructor(@Inject('a service that is not there') readonly service: object) {}

  @OnRecord()
  handle(): void {
    throw new Error('nothing is run');
  }
}

@StreamTopology({ name: 'shop', app: 'shop-app' })
class Shop implements TopologyDefinition {
  constructor(@Inject(SOURCE) readonly source: string) {}

  define(t: TopologyBuilder): void {
    t.stream(this.source, orders)
      .process('handle', Handler)
      .to('out', topic('out', utf8, json<number>()));
  }
}

describe('definedTopologies', () => {
  it('builds a topology with what its class injects, and reads processors by their decorators alone', async () => {
    const [defined] = await definedTopologies([Shop], [{ provide: SOURCE, useValue: 'orders' }]);

    expect(defined).toMatchObject({ type: Shop, app: 'shop-app' });
    expect(defined?.topology.subTopologies[0]?.stores.map(({ name }) => name)).toEqual(['seen']);
  });

  it('names what a class injects and nobody provides', async () => {
    await expect(definedTopologies([Shop])).rejects.toThrow(/cannot be used:\n {2}- .*Shop.*source/s);
  });

  it('lists everything that is wrong with the topologies', async () => {
    await expect(definedTopologies([Shop], [{ provide: SOURCE, useValue: 'bad name' }])).rejects.toThrow(
      /topology 'shop' \(Shop\): 'bad name' cannot be the name of a node/,
    );
  });
});

describe('topologyClasses', () => {
  it('finds the decorated classes among the exports of a file', () => {
    expect(topologyClasses([Handler, Shop, 'text', undefined, () => undefined])).toEqual([Shop]);
  });
});
