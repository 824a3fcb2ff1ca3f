import { describe, expect, it } from '@jest/globals';
import { TopologyBuilder, json, topic, tumbling, utf8, windowedKey } from '../index.js';
import type { Topology } from './topology.js';

interface Order {
  readonly id: string;
  readonly country: string;
}

function shop(): Topology {
  const builder = new TopologyBuilder('shop');
  const countries = builder.globalTable('countries', topic('countries', utf8, json<string>()), { store: 'countries' });
  const people = builder.table('people', topic('people', utf8, json<string>()), { store: 'people' });
  const named = builder
    .stream('orders', topic('orders', utf8, json<Order>()))
    .leftJoin('with-person', people, { join: (order) => order })
    .leftJoin('with-country', countries, { by: (order) => order.country, join: (order) => order });
  named.to('enriched', topic('orders.enriched', utf8, json<Order>()));
  named
    .groupBy('by-country', (order) => order.country, utf8)
    .windowedBy(tumbling({ size: '1h', grace: '5m' }))
    .count('per-hour', { store: 'orders-per-hour', cache: true })
    .toStream('changes')
    .to('totals', topic('totals', windowedKey(utf8, 3_600_000), json<number>()));
  builder.idleAdvance('when-idle', { after: '10s' });
  return builder.build();
}

describe('Topology.describe', () => {
  it('shows every name, so that a golden file shows every rename', () => {
    expect(`\n${shop().describe()}`).toBe(TEXT);
  });

  it('draws a Mermaid flowchart', () => {
    expect(`\n${shop().describe('mermaid')}`).toBe(MERMAID);
  });
});

const TEXT = `
Topology: shop
   Idle advance: when-idle (after 10000 ms)
   Global table: countries (topic: countries, store: countries)
   Sub-topology: 0
    Source: people (topic: people) (stores: people)
      --> none
    Source: orders (topic: orders)
      --> with-person
    Processor: with-person (stores: people)
      --> with-country
      <-- orders
    Processor: with-country
      --> enriched, by-country
      <-- with-person
    Sink: enriched (topic: orders.enriched)
      <-- with-country
    Processor: by-country
      --> by-country-sink
      <-- with-country
    Sink: by-country-sink (topic: <applicationId>-by-country-repartition)
      <-- by-country
   Sub-topology: 1
    Source: by-country-source (topic: <applicationId>-by-country-repartition)
      --> per-hour
    Processor: per-hour (stores: orders-per-hour) [tumbling 3600000 ms, grace 300000 ms, cached]
      --> changes
      <-- by-country-source
    Processor: changes
      --> totals
      <-- per-hour
    Sink: totals (topic: totals)
      <-- changes
`;

const MERMAID = `
flowchart LR
  subgraph s0["sub-topology 0"]
    n0["people"]
    n1["orders"]
    n2["with-person"]
    n3["with-country"]
    n4["enriched"]
    n5["by-country"]
    n6["by-country-sink"]
    n7[("people")]
  end
  subgraph s1["sub-topology 1"]
    n13["by-country-source"]
    n14["per-hour"]
    n15["changes"]
    n16["totals"]
    n17[("orders-per-hour")]
  end
  n0 --- n7
  n8[["people"]] --> n0
  n9[["orders"]] --> n1
  n1 --> n2
  n2 --- n7
  n2 --> n3
  n10[("countries")] -.-> n3
  n3 --> n4
  n4 --> n11[["orders.enriched"]]
  n3 --> n5
  n5 --> n6
  n6 --> n12[["&lt;applicationId&gt;-by-country-repartition"]]
  n12[["&lt;applicationId&gt;-by-country-repartition"]] --> n13
  n13 --> n14
  n14 --- n17
  n14 --> n15
  n15 --> n16
  n16 --> n18[["totals"]]
`;
