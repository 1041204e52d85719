"""qualwatch: watches the qualifications of construction and supervision enterprises
(资质动态预警系统).
"""

__version__ = "0.1.0"
