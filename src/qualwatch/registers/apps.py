"""The room of the registers."""

from django.apps import AppConfig


class RegistersConfig(AppConfig):
    """Registers, loads, corrections."""

    name = "qualwatch.registers"
    label = "registers"
