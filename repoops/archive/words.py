"""Words by which people name logs and documents, in the languages logs were seen in; lists only, no judgement.

Everything is written without accents and in lower case. What is in `…_ANYWHERE` is looked for anywhere
in the text: Chinese and Japanese put no spaces between words, Korean and Russian hang endings on them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


LOG = _listed("""
    accomplished accomplishment accomplishments achieved achievement achievements announcement applied assessment audit
    breakthrough bugfix bugfixes checkpoint complete completed completion delivered deliverable deliverables
    deployed devlog diagnosis diagnostic diagnostics done enhancements final finalized findings finished fix
    fixed fixes handoff handover hotfix implemented improvements milestone milestones outcome postmortem progress
    recap remediation report reports resolved result results retro retrospective standup status success
    successful successfully summaries summary takeover validation verification worklog wrapup
    abgeschlossen bericht ergebnis ergebnisse fertig fortschritt zusammenfassung
    arreglo arreglos avance avances bitacora completada completado completo correccion correcciones corregido
    estado exito exitoso finalizado informe progreso reporte resultado resultados resumen terminado
    andamento conclusao concluida concluido correcao correcoes finalizada progresso relatorio resumo sucesso
    sumario
    avancement bilan correctif correctifs correction corrections etat rapport recapitulatif resultat resultats
    resume succes termine
    completato riepilogo risultati
""")
"""Words of something that happened and was written down."""

LOG_ANYWHERE = (
    "总结", "總結", "报告", "報告", "完成", "进度", "進度", "状态", "狀態", "修复", "修復", "结果", "結果", "小结",
    "汇总", "交接", "验收", "完了", "進捗", "日報", "まとめ", "修正", "引き継ぎ", "議事録", "作業ログ",
    "요약", "보고", "완료", "진행", "현황", "상태", "결과", "수정", "일지", "인수인계",
    "отчет", "отчёт", "итог", "сводка", "готово", "завершен", "прогресс", "статус", "исправлен",
)  # fmt: skip

WORK = _listed("""
    after analysis before benchmark changes checklist cleanup comparison consolidation coverage debug
    debugging deployment design enhancement evaluation experiment gap gaps implementation improvement
    investigation issue issues iteration matrix merge migration missing mockup next optimisation optimisations
    optimization optimizations phase plan planning plans pr prompt prompts proposal readiness ready redesign
    refactor refactored refactoring release remaining research resolution restructure restructuring review rework
    round session sessions solution sprint stage step steps strategy task tasks test testing tests transition
    update updated updates upgrade day week
    analisis cambios etapa etapas fase implementacion mejora mejoras migracion pasos proximos pruebas sesion
    sesiones solucion
    alteracoes analise implementacao melhoria melhorias migracao mudancas plano proximas sessao testes
    amelioration ameliorations analyse etape etapes modifications
    umsetzung
""")
"""Words of work that is planned, under way or just done: many logs have them, and so do design notes."""

WORK_ANYWHERE = (
    "计划", "計劃", "分析", "优化", "優化", "实施", "實施", "迁移", "任务", "下一步", "計画", "改善", "実装",
    "계획", "분석", "개선", "구현", "план", "анализ",
)  # fmt: skip

GUIDE = _listed("""
    api architecture basics book build building commands concepts config configuration conventions controls
    cookbook developing development docker docs documentation example examples faq faqs features getting glossary
    guide guidelines guides handbook help howto index installation instructions intro introduction known lessons
    manual overview patterns playbook policy practices principles primer quick quickstart readme reference
    references rules runbook running setup spec specification start started styleguide troubleshooting tutorial
    tutorials usage user vision workflow workflows
    anleitung einrichtung handbuch
    ejemplos guia inicio instalacion manuales referencia uso usuario
    configuracao instalacao licoes rapida rapido
    demarrage exemples lancement manuel utilisation
    guida
""")
"""Words of something people look up."""

GUIDE_ANYWHERE = (
    "指南", "手册", "手冊", "教程", "说明", "說明", "文档", "入门", "参考", "架构", "ガイド", "手順", "マニュアル", "設計書",
    "가이드", "안내", "설명서", "매뉴얼", "사용법", "руководство", "инструкция",
)  # fmt: skip

TOLD = _listed("""
    achieved added been changed complete completed created deployed enhanced fixed implemented improved migrated moved
    now passed passing refactored removed replaced resolved successfully tested updated verified was were working
    actualizado agregada agregado completada completadas completado completados corregida corregido creada creado
    implementada implementado
    adicionada adicionado atualizado concluida concluído criada criado corrigida corrigido
    ajouté ajoutée corrigé corrigée créé créée modifié modifiée terminé terminée
    behoben hinzugefügt umgesetzt
""")
"""Words that tell what was done, as they are written in running text."""

TOLD_ANYWHERE = (
    "已",
    "完成",
    "修复",
    "完了",
    "修正",
    "追加し",
    "완료",
    "추가",
    "수정",
    "구현",
    "исправлен",
    "добавлен",
    "завершен",
)

_WORD = re.compile(r"[^\W\d_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def words(text: str) -> list[str]:
    """The words of a name or a title in lower case, accents taken off: `DarkTheme_v2` has dark, theme and v."""
    apart = unicodedata.normalize("NFKD", _CAMEL.sub(" ", text))
    plain = "".join(c for c in apart if not unicodedata.combining(c))
    return _WORD.findall(unicodedata.normalize("NFC", plain).lower())


def first_of(text: str, listed: frozenset[str], anywhere: Iterable[str]) -> str | None:
    """The first word of a text that a list has, as the list writes it; None where there is none."""
    found = next((word for word in words(text) if word in listed), None)
    whole = unicodedata.normalize("NFC", text).lower()
    return found or next((part for part in anywhere if part in whole), None)
