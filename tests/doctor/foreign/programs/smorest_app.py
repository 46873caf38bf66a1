"""Flask with flask-smorest, told its prefix by X-Forwarded-Prefix where PROXY_FIX is set, and by SERVER."""
# mypy: ignore-errors

import os
import sys

from flask import Flask
from flask.views import MethodView
from flask_smorest import Api, Blueprint
from werkzeug.middleware.proxy_fix import ProxyFix

app = Flask(__name__)
app.config.update(
    API_TITLE="Pets",
    API_VERSION="1",
    OPENAPI_VERSION="3.0.3",
    OPENAPI_URL_PREFIX="/",
    OPENAPI_SWAGGER_UI_PATH="/docs",
    OPENAPI_SWAGGER_UI_URL="https://cdn.jsdelivr.net/npm/swagger-ui-dist/",
)
if server := os.environ.get("SERVER"):
    app.config["API_SPEC_OPTIONS"] = {"servers": [{"url": server}]}
api = Api(app)
pets = Blueprint("pets", __name__, url_prefix="/pets")


@pets.route("/")
class Pets(MethodView):
    @pets.response(200)
    def get(self):
        return []


api.register_blueprint(pets)
if os.environ.get("PROXY_FIX"):
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)

if __name__ == "__main__":
    app.run("127.0.0.1", int(sys.argv[1]))
