"""A store of objects that speaks S3, and with it the XML interface of Google Cloud Storage. Its first line
says where it listens."""

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    def log_request(self, *_args):
        pass


def for_google_too(app):
    """Google's clients bring tokens of another kind, and expect the generation of an object to be told."""

    def answer(environ, start_response):
        if environ.get("HTTP_AUTHORIZATION", "").startswith("Bearer"):
            del environ["HTTP_AUTHORIZATION"]

        def start(status, headers, exc_info=None):
            return start_response(status, [*headers, ("x-goog-generation", "1")], exc_info)

        return app(environ, start)

    return answer


application = for_google_too(DomainDispatcherApplication(create_backend_app))
server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Quiet)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
