"""Sample template values for every kind of document."""

from __future__ import annotations

from typing import Any

FIGURE = {
    "name": "注册建造师",
    "required": 31,
    "held": 17,
    "shortfall": 14,
    "basis": "建市〔2014〕159号",
}
PERSON = {
    "person": "张*\n140105**********12",
    "registration": "晋1140000017",
    "anomaly": "社保由其他单位缴纳",
    "months": "2026年1月、2月、3月",
    "payers": "汾河乙监理有限公司\n91140100MA0KEK0B7K",
}
PIECE = {
    "sequence_no": 1,
    "name": "《责令限期整改通知书》（晋建资责〔2026〕4号）送达凭证：回证.png",
    "on": "2026年6月11日",
    "digest": "3f" * 32,
}
OTHER = {
    "name": "注册监理工程师",
    "required": 29,
    "held": 23,
    "shortfall": 6,
    "basis": "建设部令第158号",
}
CASE: dict[str, Any] = {
    "credit_code": "91140100MA0KEK0B6P",
    "item": "建筑工程施工总承包一级",
    "certificate_no": "D214000777",
    "requirements": [FIGURE],
    "found": [],
    "people": [],
    "difference": "",
}
FINDING: dict[str, Any] = {
    "requirements": [],
    "found": [{**OTHER, "registered": 24}],
    "difference": "登记在册的李某已离职，注册尚未注销。",
}
CARD = {"card": "晋红〔2026〕41号"}
REMEDIES = {"reconsideration_days": 61, "litigation_months": 7, "review_organ": "山西省人民政府"}
ROW: dict[str, Any] = {
    "sequence_no": 1,
    "enterprise": "太行甲建设有限公司",
    "credit_code": "91140100MA0KEK0B6P",
    "item": "市政公用工程施工总承包二级",
    "card": "晋红〔2026〕43号",
    "why": "注册建造师应有31人、现有17人",
    "outcome": "已撤回",
}
LISTED: dict[str, Any] = {
    "rows": [
        ROW,
        {**ROW, "sequence_no": 2, "enterprise": "汾河乙监理有限公司", "card": "晋红〔2026〕44号"},
    ],
    "enterprises": 52,
    "items_count": 53,
}
RETURNED_BASE = {name: ROW[name] for name in ("sequence_no", "enterprise", "credit_code", "item")}
RETURNED = {**RETURNED_BASE, "started_on": "2026年7月12日", "outcome": "资质已撤回"}
APPLIED = {
    "credit_code": "91140100MA0KEK0B6P",
    "filed_on": "2026年5月3日",
    "cause": "异议",
    "application": "晋建资申〔2026〕9号",
    "about": "注册建造师",
    "files": 13,
}


def listed(*hidden: str) -> dict[str, Any]:
    """A list of items, without the columns that this kind does not show."""
    return {
        **LISTED,
        "rows": [
            {key: value for key, value in row.items() if key not in hidden}
            for row in LISTED["rows"]
        ],
    }


SAMPLES: dict[str, dict[str, Any]] = {
    "warning": {
        **CASE,
        "requirements": [
            {**FIGURE, "ends_on": "2026年6月2日"},
            {**OTHER, "ends_on": "2026年6月9日"},
        ],
        "people": [{**PERSON, "ends_on": "2026年6月16日"}],
        "objection_to": "太原市住房和城乡建设局",
    },
    "order-to-rectify": {
        **CASE,
        **CARD,
        **REMEDIES,
        **FINDING,
        "published_on": "2026年6月8日",
        "red_months": 11,
        "evidence": [PIECE],
    },
    "determination": {
        **CASE,
        **CARD,
        **REMEDIES,
        "people": [PERSON],
        "warned_on": "2026年4月2日",
        "because": "预警期内没有补充人员。",
        "standards": "建市〔2014〕159号",
        "evidence": [PIECE],
        "run": 4711,
        "as_of": "2026年6月7日",
    },
    "supervision-letter": {
        **CASE,
        "colour": "黄牌",
        "what": "请尽快补齐人员。",
        "ends_on": "2026年6月2日",
        "objection_to": "太原市住房和城乡建设局",
    },
    "receipt": {**APPLIED, "opinion_due_on": "2026年5月18日", "decision_due_on": ""},
    "opinion": {
        **APPLIED,
        "enterprise": "太行甲建设有限公司",
        "item": CASE["item"],
        "because": "人员属实。",
    },
    "application-decision": {
        **{name: value for name, value in APPLIED.items() if name != "files"},
        **REMEDIES,
        "item": CASE["item"],
        "outcome": "不予支持",
        "because": "社保不在本单位。",
        "repairs": ["更正登记3处。"],
        "is_refused": True,
    },
    "suggestion-list": {**listed("outcome"), "start_days": 3},
    "intended-withdrawal": {
        **CASE,
        **CARD,
        "evidence": [PIECE],
        "red_ends_on": "2026年7月9日",
        "statement_days": 5,
        "hearing_days": 8,
    },
    "hearing-notice": {
        "item": CASE["item"],
        "held_on": "2026年8月3日9时",
        "place": "厅三楼会议室",
        "chair": "王主持",
    },
    "hearing-record": {
        "enterprise": "太行甲建设有限公司",
        "credit_code": CASE["credit_code"],
        "item": CASE["item"],
        "held_on": "2026年8月3日9时",
        "place": "厅三楼会议室",
        "chair": "王主持",
        "present": "李某、赵某",
        "lines": ["主持人宣布听证开始。", "企业陈述意见。"],
    },
    "display-notice": {
        **listed("outcome"),
        "display_days": 7,
        "displayed_on": "2026年8月5日",
        "display_ends_on": "2026年8月13日",
    },
    "withdrawal-decision": {
        **CASE,
        **REMEDIES,
        **CARD,
        "evidence": [PIECE],
        "notice_served_on": "2026年7月20日",
        "display_ends_on": "2026年8月13日",
        "rechecked_on": "2026年8月17日",
        "because": "公示期满后仍缺十四人。",
        "statements": ["你单位陈述：注册正在办理。本机关答复：没有申请记录。"],
        "hearing": "应你单位要求举行听证。",
        "objections": "公示期间收到异议5件，均已逐件答复。",
        "legal_review": "经2026年8月18日法制审核：程序合法。",
        "lower_grade_months": 3,
    },
    "announcement": {**listed("outcome"), "what": "上述资质已经撤回。"},
    "result-letter": {
        **listed("card", "why"),
        "enterprises": None,
        "suggested_on": "2026年7月12日",
        "suggestion": "太原建资函〔2026〕2号",
    },
    "quarterly-return": {
        "quarter": "2026年第3季度",
        "signatory": "赵签发",
        "version": 2,
        "lines": [{"name": "决定撤回（项）", "value": 19}],
        "rows": [RETURNED],
        "items_count": 27,
        "differences": ["决定撤回（项）：18 → 19。"],
    },
    "quarterly-summary": {
        "quarter": "2026年第3季度",
        "reporters": 12,
        "received": 11,
        "in_time": 10,
        "lines": [{"name": "决定撤回（项）", "value": 37}],
        "total": "已报送单位及省厅本级合计",
        "signatory": "赵签发",
        "missing": ["未报送：大同市住房和城乡建设局。"],
        "reported": [
            {
                "name": "太原市住房和城乡建设局",
                "all": 21,
                "withdrawn": 18,
                "rectified": 2,
                "under_way": 1,
                "sent": "2026年10月9日",
            }
        ],
    },
    "check-sheet": {
        "enterprise": "太行甲建设有限公司",
        "credit_code": CASE["credit_code"],
        "item": CASE["item"],
        "result": "发现问题",
        "authority": "太原市住房和城乡建设局",
        "why": "逾期启动",
        "found": "应启动未启动。",
        "follow_up_due_on": "2026年11月2日",
        "sheet": [
            {
                "question": "按期启动",
                "record": "2026年7月12日收到，未启动",
                "answer": "否",
                "remark": "人员调整",
            }
        ],
    },
    "circular": {
        "quarter": "2026年第3季度",
        "authority": "太原市行政审批局",
        "items_count": 29,
        "demand": "请于十日内启动。",
        "rows": [{**RETURNED_BASE, "what": "逾期未启动撤回程序"}],
    },
    "recall-letter": {
        **listed("card", "why"),
        "enterprises": None,
        "suggested_on": "2026年7月12日",
        "suggestion": "太原建资函〔2026〕2号",
    },
    "transfer-letter": {
        "enterprise": "太行甲建设有限公司",
        "credit_code": CASE["credit_code"],
        "item": CASE["item"],
        "certificate_no": CASE["certificate_no"],
        "moved": "企业迁出山西省",
        "state": "红牌预警，红牌期至2026年7月9日。",
        "requirements": [FIGURE],
        "people": [PERSON],
        "papers": [PIECE],
    },
    "ministry-report": {
        **listed("outcome"),
        "signatory": "赵签发",
        "because": "证据齐备。",
        "annexes": ["《资质不达标认定书》（晋建资认〔2026〕3号）"],
    },
    "credit-record": {
        "enterprise": "太行甲建设有限公司",
        "credit_code": CASE["credit_code"],
        **REMEDIES,
        "what": "提供虚假社保证明。",
        "evidence": [PIECE],
        "referred_to": "太原市行政执法局",
        "statement_days": 9,
    },
}
