export const USERS: number;
export function eventOf(n: number): { id: number; user: string; amount: number; page: string };
