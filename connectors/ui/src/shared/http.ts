/** Requests to our own server. */

import type { Lang } from "./language";

/** The server's refusal, or no answer at all (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** What else the server says about it. */
    readonly data: Record<string, unknown> = {},
  ) {
    super(message);
  }

  /** Whether asking again can't help. */
  get refused(): boolean {
    return this.status >= 400 && this.status < 500 && this.status !== 401 && this.status !== 429;
  }
}

/** Asks our server; a body that is a `Blob` is sent as it is, anything else as JSON. */
export async function call<T>(
  method: "GET" | "POST" | "PUT",
  path: string,
  body?: unknown,
): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      credentials: "same-origin",
      headers:
        body === undefined || body instanceof Blob ? {} : { "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: body instanceof Blob ? body : JSON.stringify(body) }),
    });
  } catch (error) {
    throw new ApiError(0, String(error));
  }
  if (!response.ok) {
    const data: Record<string, unknown> = await response.json().catch(() => ({}));
    throw new ApiError(response.status, String(data.detail ?? response.statusText), data);
  }
  return response.status === 204 ? (undefined as T) : response.json();
}

/** Who is signed in, and signing in and out. `zone` is the shop's time zone, by which moments are shown. */
export interface Account {
  login: string;
  name: string;
  role: "agent" | "supervisor" | "editor" | "reviewer" | "admin";
  language: Lang;
  zone: string;
}

export const account = {
  me: () => call<Account>("GET", "/account/me"),
  signIn: (login: string, password: string) =>
    call<Account>("POST", "/account/sign-in", { login, password }),
  signOut: () => call<void>("POST", "/account/sign-out"),
};
