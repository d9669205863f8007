// What a web front end does: signs in, asks, and shows the answer as it comes, over gRPC-web.
import { createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { AuthService } from "../generated/elenchus/auth/v1/auth_service_pb.js";
import { ConversationService } from "../generated/elenchus/conversation/v1/conversation_service_pb.js";

const transport = createGrpcWebTransport({ baseUrl: new URLSearchParams(location.search).get("api") });

/** Signs in and asks; resolves to the types of the events and the text that was shown. */
window.ask = async (username, password, content, source) => {
  const { accessToken } = await createClient(AuthService, transport).login({ username, password });
  const headers = { authorization: `Bearer ${accessToken}` };
  const answer = document.querySelector("#answer");
  const types = [];
  const events = createClient(ConversationService, transport).streamChat({ content, sources: [source] }, { headers });
  for await (const { event } of events) {
    types.push(event.type);
    if (event.payload.case === "delta") {
      answer.textContent += event.payload.value.text;
    }
  }
  return { types, shown: answer.textContent };
};

/** The gRPC code of a sign-in that fails. */
window.fail = async (username, password) => {
  try {
    await createClient(AuthService, transport).login({ username, password });
    return null;
  } catch (error) {
    return { code: error.code, message: error.rawMessage };
  }
};
