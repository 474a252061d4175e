"""What schemathesis must know of this API's media types."""

import schemathesis
import yaml
from schemathesis.core.media_types import YAML_MEDIA_TYPES


# All names of the family: the first one that is registered is asked.
@schemathesis.deserializer(*YAML_MEDIA_TYPES)
def read_yaml_documents(context, response):
    """Exports are streams of documents; the built-in reader takes a single one."""
    return list(yaml.safe_load_all(response.content.decode("utf-8")))
