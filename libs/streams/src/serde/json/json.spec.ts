import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { GrowingBytes } from '@millrace/protocol';
import { json } from './json.js';
import { LazyObject, settled } from './lazy-object.js';

type Fields = Record<string, unknown>;

/** Reads a text as it lies in a batch: with other bytes around it. */
function read(text: string, serde = json<Fields>()): Fields {
  const before = Buffer.from('{"other":1}');
  const bytes = Buffer.from(text);
  return serde.view!(Buffer.concat([before, bytes, before]), before.length, before.length + bytes.length);
}

function written(value: Fields, serde = json<Fields>()): unknown {
  return JSON.parse(serde.serialize(value).toString());
}

const objects = fc.dictionary(
  fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'toString', '1', 'then')),
  fc.jsonValue(),
);

describe('an object viewed by json()', () => {
  it('is to its holder what JSON.parse gives', () => {
    fc.assert(
      fc.property(objects, fc.nat(3), (object, indent) => {
        const text = JSON.stringify(object, null, indent);
        const plain = JSON.parse(text) as Fields;

        expect(read(text)).toEqual(plain);
        expect({ ...read(text) }).toEqual({ ...plain });
        expect(Object.keys(read(text))).toEqual(Object.keys(plain));
        expect(JSON.stringify(read(text))).toBe(JSON.stringify(plain));
        expect(inspect(read(text))).toBe(inspect(plain));
        expect(Object.getPrototypeOf(read(text))).toBe(Object.prototype);
        for (const name of Object.keys(plain)) {
          expect(Object.getOwnPropertyDescriptor(read(text), name)).toEqual(
            Object.getOwnPropertyDescriptor(plain, name),
          );
          if (name !== '__proto__') expect(read(text)[name]).toEqual(plain[name]);
        }
      }),
    );
  });

  it('takes the changes of its holder, in any order and between reads', () => {
    const names = fc.constantFrom('a', 'b', 'c', 'toString', '0');
    const changes = fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant('set'), name: names, value: fc.jsonValue() }),
        fc.record({
          kind: fc.constantFrom('get', 'has', 'delete', 'nest', 'write'),
          name: names,
          value: fc.constant(0),
        }),
      ),
    );
    fc.assert(
      fc.property(fc.dictionary(names, fc.jsonValue()), changes, (object, steps) => {
        const serde = json<Fields>();
        const plain = JSON.parse(JSON.stringify(object)) as Fields;
        const lazy = read(JSON.stringify(object), serde);
        for (const { kind, name, value } of steps) {
          if (kind === 'set') lazy[name] = plain[name] = value;
          else if (kind === 'get') expect(lazy[name]).toEqual(plain[name]);
          else if (kind === 'has') expect(name in lazy).toBe(name in plain);
          else if (kind === 'write') expect(written(lazy, serde)).toEqual(JSON.parse(JSON.stringify(plain)));
          else if (kind === 'delete') {
            delete lazy[name];
            delete plain[name];
          } else if (typeof plain[name] === 'object' && plain[name] !== null) {
            (plain[name] as Fields)['nested'] = 1;
            (lazy[name] as Fields)['nested'] = 1;
          }
        }
        expect(written(lazy, serde)).toEqual(JSON.parse(JSON.stringify(plain)));
        expect(lazy).toEqual(plain);
      }),
    );
  });

  it('is written as the bytes that came, with what was set put in', () => {
    const event = read('{ "id": 1.0, "user" : "u-1",\n "big":12345678901234567890, "deep":{"a":[1,2]} }');

    expect(event['user']).toBe('u-1');
    event['user'] = 'ü "2"';
    event['segment'] = -12;

    expect(json<Fields>().serialize(event).toString()).toBe(
      '{ "id": 1.0, "user" : "ü \\"2\\"",\n "big":12345678901234567890, "deep":{"a":[1,2]} ,"segment":-12}',
    );
  });

  it('leaves out a field that was set to undefined, as JSON does', () => {
    const event = read('{"a":1,"b":2}');
    event['a'] = undefined;
    event['c'] = undefined;

    expect(json<Fields>().serialize(event).toString()).toBe('{"b":2}');
  });

  it('keeps the identity of a nested value, also when it becomes whole', () => {
    const event = read('{"address":{"city":"Newark"}}');
    const { address } = event;

    expect(event['address']).toBe(address);
    expect(Object.values(event)[0]).toBe(address);
  });

  it('can be frozen, sealed and inherited from', () => {
    const frozen = Object.freeze(read('{"a":1}'));
    const heir = Object.create(read('{"a":1}')) as Fields;
    heir['a'] = 2;

    expect(Object.isFrozen(frozen)).toBe(true);
    expect(() => Object.assign(frozen, { a: 2 })).toThrow(TypeError);
    expect(frozen).toEqual({ a: 1 });
    expect(Object.entries(heir)).toEqual([['a', 2]]);
  });

  it('is no promise, and can be returned from an async handler', async () => {
    const event = read('{"a":1}');

    expect(await Promise.resolve(event)).toBe(event);
  });

  it('lets go of its bytes when it is settled', () => {
    const event = read('{"a":1}');
    expect(LazyObject.of(event)).toBeDefined();

    expect(settled(event)).toBe(event);

    expect(LazyObject.of(event)).toBeUndefined();
    expect(event).toEqual({ a: 1 });
  });

  it('takes the last of two fields of one name', () => {
    const text = '{"a":1,"b":2,"a":3}';

    expect(read(text)['a']).toBe(3);
    expect(written(read(text))).toEqual({ a: 3, b: 2 });
  });

  it.each([
    '{',
    '{"a"}',
    '{"a":}',
    '{"a":1',
    '{"a":1,}',
    '{"a":01}',
    '{"a":1}}',
    '{"a":"b}',
    '{"a":nul}',
    '{a:1}',
    '{"a":[1}',
  ])('refuses %s as it is read', (text) => {
    expect(() => read(text)).toThrow(/not JSON/);
  });

  it('refuses damage inside a value when that is read, and passes it on when nobody looks', () => {
    const text = '{"a":"\\x","b":1}';

    expect(read(text)['b']).toBe(1);
    expect(json<Fields>().serialize(read(text)).toString()).toBe(text);
    expect(() => read(text)['a']).toThrow(/not JSON/);
    expect(() => Object.keys(read(text))).toThrow(/not JSON/);
  });

  it('is parsed at once where handlers want whole objects, and lazily again where they no longer do', () => {
    const serde = json<Fields>();
    const isLazy = (): boolean => LazyObject.of(read('{"a":1}', serde)) !== undefined;
    for (let nth = 0; nth < 300; nth++) Object.keys(read('{"a":1}', serde));

    expect(isLazy()).toBe(false);

    for (let nth = 0; nth < 100_000; nth++) read('{"a":1}', serde);
    expect(isLazy()).toBe(true);
  });
});

describe('deserialize', () => {
  it('gives what does not depend on the buffer', () => {
    const bytes = Buffer.from('{"a":"b"}');
    const read = json<Fields>().deserialize(bytes, 0, bytes.length);
    bytes.fill(0);

    expect(read).toEqual({ a: 'b' });
  });
});

describe('serialize', () => {
  const leaf = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.double(),
    fc.integer(),
    fc.constantFrom(null, true, -0, undefined, new Date(0), () => 1),
  );

  it('writes what JSON.stringify writes, for objects small and large', () => {
    const name = fc.string({ unit: 'binary', maxLength: 40 });
    fc.assert(
      fc.property(fc.dictionary(name, leaf, { maxKeys: 10, noNullPrototype: true }), (value) => {
        expect(json<unknown>().serialize(value).toString()).toBe(JSON.stringify(value));
      }),
    );
  });

  it('heeds toJSON, inherited fields and prototypes as JSON.stringify does', () => {
    class Point {
      x = 1;
    }
    const given = [{ toJSON: () => 7 }, new Point(), Object.create({ a: 1 }), Object.create(null), [1], {}];
    for (const value of given) expect(json<unknown>().serialize(value).toString()).toBe(JSON.stringify(value));
  });
});

describe('a lazy object in another one', () => {
  const texts = ['{"a":1,"z":2}', '{"long":"xxxxxxxxxxxxxxxxxxxx","k":1,"inner":{"d":4}}'];

  function both(): [Record<string, unknown>, Record<string, unknown>, ReturnType<typeof json<unknown>>] {
    const serde = json<unknown>();
    const bytes = Buffer.from(texts.join(' '));
    const [first, second] = texts as [string, string];
    const at = first.length + 1;
    const a = serde.view?.(bytes, 0, first.length) as Record<string, unknown>;
    const b = serde.view?.(bytes, at, at + second.length) as Record<string, unknown>;
    return [a, b, serde];
  }

  it('is written whole, in the place of a field and as one that was added, and those after it are right too', () => {
    for (const names of [['a'], ['new'], ['a', 'new', 'z'], ['new', 'z']]) {
      const [a, b, serde] = both();
      for (const name of names) a[name] = name === 'z' ? 9 : b;
      const expected = { ...(JSON.parse(texts[0] as string) as object) } as Record<string, unknown>;
      for (const name of names) expected[name] = name === 'z' ? 9 : (JSON.parse(texts[1] as string) as unknown);
      expect(serde.serialize(a).toString()).toBe(JSON.stringify(expected));
    }
  });

  it('may be read by a toJSON while the other is written', () => {
    const [a, b, serde] = both();
    a['a'] = { toJSON: () => b['k'] };
    a['more'] = [{ toJSON: () => b['inner'] }];
    expect(serde.serialize(a).toString()).toBe('{"a":1,"z":2,"more":[{"d":4}]}');
  });
});

describe('serializeTo', () => {
  it('appends what serialize gives', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue().filter((value) => value !== null)), (values) => {
        const serde = json<unknown>();
        const scratch = new GrowingBytes();
        for (const value of values) serde.serializeTo?.(value, scratch);

        const expected = Buffer.concat(values.map((value) => serde.serialize(value)));
        expect(scratch.bytes.subarray(0, scratch.length)).toEqual(expected);
      }),
    );
  });
});
