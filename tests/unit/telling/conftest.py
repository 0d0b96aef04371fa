"""The service without WeChat, as OpenID Connect's tests have it."""

from tests.unit.oidc.conftest import service_for  # noqa: F401  a fixture
