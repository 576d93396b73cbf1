import { useOwnServer } from "../helpers/ownServer.ts";
import { describeHistories } from "./proof.ts";

const server = useOwnServer({ track_commit_timestamp: "on" });

describeHistories("the past of a server that keeps the times of commits", server.useDatabase(), 5);
