/** The connection: Socket.IO's client behind the few verbs that the conversation needs. */

import { io } from "socket.io-client";
import { keepConnected } from "../shared/socket";
import type { Ack, Auth, Done, Message, Rate, Ready, Say, Service, State } from "./protocol";

/** How long the server may take to answer, in milliseconds. */
const ANSWER_MS = 10_000;
/** Deleting waits for an answer that is being worked on. */
const ERASE_MS = 30_000;
/** Wait before asking again after the server itself closed or refused us, in milliseconds. */
const REFUSED_MS = 5_000;

export interface WireEvents {
  ready(ready: Ready): void;
  message(message: Message): void;
  typing(typing: { on: boolean; author: "bot" | "agent" }): void;
  state(state: State): void;
  service(service: Service): void;
  rated(rate: Rate): void;
  /** The chat is deleted; the token is the new visitor's. */
  erased(session: string): void;
  lost(): void;
}

export interface Wire {
  /** Rejects when the connection breaks or no answer comes within 10 s. */
  say(say: Say): Promise<Ack>;
  /** Rejects like `say`. */
  rate(rate: Rate): Promise<Done>;
  /** Deletes the chat. Rejects like `say`, but has more time. */
  erase(): Promise<Done>;
  /** All messages after `lastSeq`. Rejects like `say`. */
  resume(lastSeq: number): Promise<Message[]>;
  /** Drops a connection that does not answer and opens a new one. */
  reconnect(): void;
  close(): void;
}

export type OpenWire = (auth: () => Auth, events: WireEvents) => Wire;

/** Connects to `server` (an origin) and stays connected until closed. */
export function socketWire(server: string): OpenWire {
  return (auth, events) => {
    const socket = io(server, {
      path: "/socket.io",
      auth: (give) => give(auth()),
      // WebSocket first: one request instead of four, and no sticky sessions needed. Networks that
      // block it fall back to long polling.
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      reconnectionDelay: 400,
      reconnectionDelayMax: 8_000,
      forceNew: true,
    });
    socket.on("ready", events.ready);
    socket.on("message", events.message);
    socket.on("typing", events.typing);
    socket.on("state", ({ state }: { state: State }) => events.state(state));
    socket.on("service", events.service);
    socket.on("rated", events.rated);
    socket.on("erased", ({ session }: { session: string }) => events.erased(session));
    return {
      say: (say) => socket.timeout(ANSWER_MS).emitWithAck("say", say),
      rate: (rate) => socket.timeout(ANSWER_MS).emitWithAck("rate", rate),
      erase: () => socket.timeout(ERASE_MS).emitWithAck("erase", {}),
      async resume(lastSeq) {
        const answer = await socket.timeout(ANSWER_MS).emitWithAck("resume", { last_seq: lastSeq });
        return answer.messages;
      },
      reconnect: () => void socket.disconnect().connect(),
      close: keepConnected(socket, events.lost, REFUSED_MS),
    };
  };
}
