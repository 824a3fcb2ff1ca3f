import { describe, expect, it } from '@jest/globals';
import { serverProperties, type KafkaNodeLayout } from './kafka-properties.js';

const propertiesOf = (layout: Partial<KafkaNodeLayout>): Map<string, string> => {
  const text = serverProperties({
    nodeId: 2,
    nodes: 3,
    rack: 'rack-2',
    advertised: { PLAINTEXT: '127.0.0.1:32001' },
    users: [],
    properties: {},
    ...layout,
  });
  return new Map(
    text
      .trimEnd()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
};

describe('the properties of a node', () => {
  it('give each of three nodes a rack, the quorum, and three copies of which two must be in sync', () => {
    const properties = propertiesOf({});

    expect(properties.get('broker.rack')).toBe('rack-2');
    expect(properties.get('controller.quorum.voters')).toBe('1@kafka-1:9093,2@kafka-2:9093,3@kafka-3:9093');
    expect(properties.get('default.replication.factor')).toBe('3');
    expect(properties.get('min.insync.replicas')).toBe('2');
  });

  it('advertise the inner name to containers and the mapped port to the test', () => {
    expect(propertiesOf({}).get('advertised.listeners')).toBe('INTERNAL://kafka-2:9092,PLAINTEXT://127.0.0.1:32001');
  });

  it('work for a single node', () => {
    const properties = propertiesOf({ nodeId: 1, nodes: 1 });

    expect(properties.get('min.insync.replicas')).toBe('1');
    expect(properties.get('offsets.topic.replication.factor')).toBe('1');
  });

  it('keep a PEM file on one line', () => {
    const certificate = { key: 'KEY\nLINE\n', chain: 'CHAIN\n' };
    const properties = propertiesOf({ tls: { certificate, authority: 'CA\n' } });

    expect(properties.get('ssl.keystore.key')).toBe('KEY\\nLINE\\n');
    expect(properties.get('ssl.client.auth')).toBe('requested');
  });

  it('let users in by each mechanism, on the listeners that ask for it alone', () => {
    const properties = propertiesOf({
      advertised: { PLAINTEXT: '127.0.0.1:1', SASL_SSL: '127.0.0.1:2' },
      users: [{ username: 'ada', password: 'pa55' }],
    });

    expect(properties.get('listener.name.sasl_ssl.plain.sasl.jaas.config')).toContain('user_ada="pa55"');
    expect([...properties.keys()].filter((name) => name.startsWith('listener.name.plaintext'))).toEqual([]);
  });

  it('quote a password as JAAS reads it, in a file where a backslash is written twice', () => {
    const properties = propertiesOf({
      advertised: { SASL_PLAINTEXT: '127.0.0.1:1' },
      users: [{ username: 'ada', password: 'pa55 "word"' }],
    });

    expect(properties.get('listener.name.sasl_plaintext.plain.sasl.jaas.config')).toContain(
      String.raw`user_ada="pa55 \\"word\\""`,
    );
  });

  it('are overruled by what the test sets', () => {
    expect(propertiesOf({ properties: { 'min.insync.replicas': 3 } }).get('min.insync.replicas')).toBe('3');
  });
});
