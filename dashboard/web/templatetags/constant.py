"""`{% translate %}` for fixed texts, worked out once per language.

A list says the same words in each of its rows. Django's tag looks them up, escapes them and makes a lazy string of
them every time; that was a good part of a page's time. This library is a builtin that stands after Django's own.
"""

from django import template
from django.template.base import FilterExpression, Parser, Token
from django.template.context import Context
from django.templatetags.i18n import TranslateNode, do_translate
from django.utils.translation import get_language

register = template.Library()


class FixedText(template.Node):
    """What a `translate` tag says that depends on nothing but the language."""

    child_nodelists = ()

    def __init__(self, node: TranslateNode) -> None:
        self.node = node
        self.said: dict[str | None, str] = {}

    def render(self, context: Context) -> str:
        language = get_language()
        if language not in self.said:
            self.said[language] = self.node.render(context)
        return self.said[language]


@register.tag
def translate(parser: Parser, token: Token) -> template.Node:
    """As Django's own; a text that is fixed is remembered."""
    node = do_translate(parser, token)
    is_fixed = _is_fixed(node.filter_expression) and (
        node.message_context is None or _is_fixed(node.message_context)
    )
    return node if node.asvar or not is_fixed else FixedText(node)


def _is_fixed(expression: FilterExpression) -> bool:
    """A quoted text without filters."""
    return not expression.filters and not getattr(expression.var, "lookups", None)
