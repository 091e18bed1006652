/** 128 random bits, written as four numbers. (`crypto.randomUUID` exists only on secure pages.) */
export const randomId = (): string => crypto.getRandomValues(new Uint32Array(4)).join("-");
