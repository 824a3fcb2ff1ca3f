import { describe, expect, it } from '@jest/globals';
import { ScramExchange } from './scram.js';

/** The example of RFC 7677, section 3. */
const RFC = {
  options: { mechanism: 'SCRAM-SHA-256', username: 'user', password: 'pencil', nonce: 'rOprNGfwEbeRWgbNEkqO' },
  serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  clientFinal:
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
} as const;

const say = (text: string): Buffer => Buffer.from(text);
const refused = expect.objectContaining({ code: 'MR_BROKER_REFUSED', disposition: 'stop-app' });

describe('ScramExchange', () => {
  it('repeats the example of RFC 7677', () => {
    const exchange = new ScramExchange(RFC.options);

    expect(exchange.first().toString()).toBe('n,,n=user,r=rOprNGfwEbeRWgbNEkqO');
    expect(exchange.next(say(RFC.serverFirst))?.toString()).toBe(RFC.clientFinal);
    expect(exchange.next(say(RFC.serverFinal))).toBeUndefined();
  });

  it('refuses a broker that does not know the password', () => {
    const exchange = new ScramExchange(RFC.options);
    exchange.next(say(RFC.serverFirst));

    expect(() => exchange.next(say('v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='))).toThrow(refused);
    expect(() => exchange.next(say('e=other-error'))).toThrow(refused);
  });

  it.each([
    ['another nonce', 'r=stolen,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'],
    ['no nonce of its own', 'r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'],
    ['no salt', 'r=rOprNGfwEbeRWgbNEkqOx,i=4096'],
    ['too few iterations', 'r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=100'],
    ['iterations that would take for ever', 'r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=999999999'],
    ['nonsense', 'hello'],
  ])('refuses a broker with %s', (_, serverFirst) => {
    expect(() => new ScramExchange(RFC.options).next(say(serverFirst))).toThrow(refused);
  });

  it('uses a nonce of its own each time, and escapes names', () => {
    const options = { mechanism: 'SCRAM-SHA-512', username: 'a=b,c', password: 'x' } as const;
    const first = new ScramExchange(options).first().toString();

    expect(first).toMatch(/^n,,n=a=3Db=2Cc,r=.{32}$/);
    expect(new ScramExchange(options).first().toString()).not.toBe(first);
  });
});
