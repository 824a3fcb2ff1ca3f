import { eventually } from '@millrace/testing';

export const forbidden = eventually;
