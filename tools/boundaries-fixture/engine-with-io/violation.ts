import { Client } from 'pg';

export const forbidden = Client;
