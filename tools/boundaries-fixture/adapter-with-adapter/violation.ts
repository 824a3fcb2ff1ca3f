import { ResiliencePolicies } from '@millrace/resilience';

export const forbidden = ResiliencePolicies;
