"""What schemathesis must know of this API's media types."""

import schemathesis
import yaml


@schemathesis.deserializer("application/yaml")
def read_yaml_documents(context, response):
    """Exports are streams of documents; the built-in reader takes a single one."""
    return list(yaml.safe_load_all(response.content.decode("utf-8")))
