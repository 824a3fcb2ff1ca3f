import { describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { ExecutionPolicy } from '@millrace/resilience';
import { InjectPolicy } from './inject-policy.decorator.js';
import { PoliciesModule } from './policies.module.js';

@Injectable()
class WeatherClient {
  @InjectPolicy('geo-api') readonly geo!: ExecutionPolicy;

  constructor(@InjectPolicy('weather-api') readonly weather: ExecutionPolicy) {}
}

@Injectable()
class Elsewhere {
  constructor(@InjectPolicy('of-another-app') readonly policy: ExecutionPolicy) {}
}

@Module({ providers: [WeatherClient] })
class WeatherModule {}

describe('PoliciesModule', () => {
  it('injects policies by name, into constructors and properties', async () => {
    const policies = { 'weather-api': { timeout: '1s' }, 'geo-api': {} } as const;
    const module = await Test.createTestingModule({
      imports: [PoliciesModule.forRoot({ policies }), WeatherModule],
    }).compile();
    await module.init();

    const client = module.get(WeatherClient);

    expect([client.weather.name, client.geo.name]).toEqual(['weather-api', 'geo-api']);
    await expect(client.weather.execute(async () => 42)).resolves.toBe(42);
    await module.close();
  });

  it('takes options from a factory', async () => {
    const module = await Test.createTestingModule({
      imports: [
        PoliciesModule.forRootAsync({ useFactory: async () => ({ policies: { 'weather-api': {}, 'geo-api': {} } }) }),
        WeatherModule,
      ],
    }).compile();

    expect(module.get(WeatherClient).weather.name).toBe('weather-api');
  });

  it('refuses the boot when policies are missing, and names all of them with their classes', async () => {
    const module = await Test.createTestingModule({
      imports: [PoliciesModule.forRoot({ policies: {} }), WeatherModule],
    }).compile();

    await expect(module.init()).rejects.toThrow(/WeatherClient asks for the policy 'geo-api'[^]*'weather-api'/);
  });

  it('does not miss a policy that only a class outside the application asks for', async () => {
    const module = await Test.createTestingModule({ imports: [PoliciesModule.forRoot({ policies: {} })] }).compile();

    await expect(module.init()).resolves.toBeDefined();
    expect(Elsewhere.name).toBe('Elsewhere');
  });
});
