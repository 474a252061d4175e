"""What schemathesis must know of this API's media types, and of the interpreter it runs on."""

import ast
import threading

import schemathesis
import yaml
from schemathesis.core.media_types import YAML_MEDIA_TYPES


# All names of the family: the first one that is registered is asked.
@schemathesis.deserializer(*YAML_MEDIA_TYPES)
def read_yaml_documents(context, response):
    """Exports are streams of documents; the built-in reader takes a single one."""
    return list(yaml.safe_load_all(response.content.decode("utf-8")))


_parse = ast.parse
_one_parse = threading.Lock()


# CPython before 3.11.8 and 3.12.2 counts the depth of a syntax tree for all threads at once: two workers
# that parse at the same time end the run with "AST constructor recursion depth mismatch".
def parse_alone(*arguments, **keywords):
    with _one_parse:
        return _parse(*arguments, **keywords)


ast.parse = parse_alone
